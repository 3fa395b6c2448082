"""Look requirements.lock up in the advisories of KPI_ADVISORIES. Called by make.

Ends with 0 if nothing is known, 1 if something is, 2 if nothing could be looked up.
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from orchestration.dependencies.advisories import Finding, find, read_advisories
from orchestration.dependencies.lock import LOCK, read_lock

_UNCHECKED = 2
_OLD_AFTER_DAYS = 14
_HOW = (
    "Set KPI_ADVISORIES to OSV's export for PyPI (all.zip) or to a folder of its JSON files, "
    "or run make audit-online where there is a network."
)


def main(
    environment: Mapping[str, str] = os.environ, lock: Path = LOCK, now: datetime | None = None
) -> int:
    """Prints what is known against the locked packages; returns the code to end with."""
    if not environment.get("KPI_ADVISORIES"):
        return _unchecked("there are no advisories to look into")
    try:
        advisories = read_advisories(Path(environment["KPI_ADVISORIES"]))
        packages = read_lock(lock)
        findings = find(packages, advisories)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        return _unchecked(str(error))
    if not advisories:
        return _unchecked(f"{environment['KPI_ADVISORIES']} holds no advisory on Python packages")
    newest = max(advisory.modified for advisory in advisories)
    age = ((now or datetime.now(UTC)) - newest).days
    for finding in findings:
        print(_told(finding))
    print(
        f"{len({finding.package for finding in findings}) or 'None'} of {len(packages)} locked "
        f"packages found in {len(advisories):,} advisories, the newest of {newest:%Y-%m-%d}, "
        f"{age} days ago."
    )
    if age > _OLD_AFTER_DAYS:
        print("What has become known since is not in them: get a new export.")
    return 1 if findings else 0


def _unchecked(reason: str) -> int:
    print(f"NOT CHECKED: {reason}. {_HOW}", file=sys.stderr)
    return _UNCHECKED


def _told(finding: Finding) -> str:
    package, advisory = finding.package, finding.advisory
    names = ", ".join([advisory.id, *advisory.aliases])
    higher = [str(version) for version in finding.fixed_in if version > package.version]
    advice = (
        f"Mended in {', '.join(higher)}: ask for {package.name}>={higher[0]} in pyproject.toml and "
        "lock anew (docs/security.md)."
        if higher
        else "No version that mends it is known: read the advisory and judge whether it is reached."
    )
    return f"{package.name} {package.version}: {names}: {advisory.summary}\n    {advice}"


if __name__ == "__main__":
    sys.exit(main())
