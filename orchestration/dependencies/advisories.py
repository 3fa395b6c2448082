"""Finds locked packages in security advisories, without a network.

Advisories are those of OSV, whose format https://ossf.github.io/osv-schema describes; the export of
its PyPI part is a zip of one JSON file for each advisory.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from orchestration.dependencies.lock import Locked


@dataclass(frozen=True)
class Advisory:
    """One advisory of OSV that is in force, on Python packages.

    affected: OSV's own entries, those of PyPI alone.
    """

    id: str
    aliases: tuple[str, ...]
    summary: str
    modified: datetime
    affected: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Finding:
    """A locked package that an advisory names, and the versions that mend it, lowest first."""

    package: Locked
    advisory: Advisory
    fixed_in: tuple[Version, ...]


def read_advisories(path: Path) -> list[Advisory]:
    """Advisories of a folder of JSON files, or of a zip of them; withdrawn ones are left out.

    Raises FileNotFoundError if there is no such path, ValueError for a file that is no advisory.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    advisories = []
    for name, content in _contents(path):
        try:
            record = json.loads(content)
            if record.get("withdrawn"):
                continue
            affected = tuple(
                entry
                for entry in record.get("affected", ())
                if entry["package"]["ecosystem"] == "PyPI"
            )
            if affected:
                advisories.append(
                    Advisory(
                        id=record["id"],
                        aliases=tuple(record.get("aliases", ())),
                        summary=record.get("summary") or record.get("details", "").split("\n")[0],
                        modified=datetime.fromisoformat(record["modified"]).astimezone(UTC),
                        affected=affected,
                    )
                )
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise ValueError(f"{name} is no advisory in OSV's format ({error!r})") from error
    return advisories


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            yield file.name, file.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".json"):
                yield name, archive.read(name)


def find(packages: Iterable[Locked], advisories: Iterable[Advisory]) -> list[Finding]:
    """Every advisory on a locked version, by package and id; one advisory once for each version."""
    by_name: dict[str, list[tuple[Advisory, dict[str, Any]]]] = {}
    for advisory in advisories:
        for entry in advisory.affected:
            name = canonicalize_name(entry["package"]["name"])
            by_name.setdefault(name, []).append((advisory, entry))
    found: dict[tuple[str, Version, str], Finding] = {}
    for package in packages:
        for advisory, entry in by_name.get(package.name, ()):
            fixed_in = _mended(entry, package.version)
            if fixed_in is not None:
                key = (package.name, package.version, advisory.id)
                fixed_in |= set(found[key].fixed_in) if key in found else set()
                found[key] = Finding(package, advisory, tuple(sorted(fixed_in)))
    return [found[key] for key in sorted(found)]


def _mended(entry: dict[str, Any], version: Version) -> set[Version] | None:
    """The versions that mend what an entry says, if it affects a version; None if it does not.

    An entry with a version that cannot be compared affects every version, for nobody can tell.
    """
    try:
        ranges = _ranges(entry)
    except InvalidVersion:
        return set()
    if not _affects(entry.get("versions", ()), ranges, version):
        return None
    return {at for events in ranges for at, kind in events if kind == "fixed"}


def _affects(
    listed: Sequence[str], ranges: list[list[tuple[Version, str]]], version: Version
) -> bool:
    """OSV's rule: named in the list of versions, or within a range.

    An entry that says neither affects every version.
    """
    if not listed and not ranges:
        return True
    return any(_same(each, version) for each in listed) or any(
        _is_within(events, version) for events in ranges
    )


def _same(listed: str, version: Version) -> bool:
    try:
        return Version(listed) == version
    except InvalidVersion:  # older than PEP 440; none of these is ever locked
        return False


def _ranges(entry: dict[str, Any]) -> list[list[tuple[Version, str]]]:
    """Events of each range over versions, in order: (version, what happens there)."""
    return [
        sorted(
            (
                (_version(value), kind)
                for event in each["events"]
                for kind, value in event.items()
                if kind in ("introduced", "fixed", "last_affected")
            ),
            # What is mended and broken again in one version is broken.
            key=lambda event: (event[0], event[1] == "introduced"),
        )
        for each in entry.get("ranges", ())
        if each["type"] == "ECOSYSTEM"
    ]


def _version(value: str) -> Version:
    return Version("0.dev0" if value == "0" else value)  # 0 stands before every version


def _is_within(events: list[tuple[Version, str]], version: Version) -> bool:
    is_affected = False
    for at, kind in events:
        if kind == "introduced" and version >= at:
            is_affected = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            is_affected = False
    return is_affected
