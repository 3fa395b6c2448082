"""Write docs/licences.md: every locked package, its licence, and what it is needed for.

Called by make. A licence comes from the metadata of the installed package.
"""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from orchestration.dependencies.lock import Locked, read_lock
from orchestration.settings import PROJECT_DIR

PAGE = PROJECT_DIR / "docs" / "licences.md"

_HEAD = """# Licences

Every package of `requirements.lock`, with the licence its metadata name as an SPDX expression, and
whether the pipeline needs it at run time or its tests alone. Written by `make licences`.

{count} packages, {runtime} of them at run time.

| package | version | licence | needed |
|---|---|---|---|
"""

# Where the metadata are vague or wrong: what the package's own licence file says.
_READ = {
    "antlr4-python3-runtime": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",
    "gitdb": "BSD-3-Clause",
    "isodate": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "jinja2-simple-tags": "BSD-3-Clause",
    "libfaketime": "GPL-2.0-only",
    "pathlib-abc": "PSF-2.0",
    "prompt-toolkit": "BSD-3-Clause",
    "protobuf": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "sqlparse": "BSD-3-Clause",
    "text-unidecode": "Artistic-1.0-Perl OR GPL-2.0-or-later",
    "uritemplate": "BSD-3-Clause OR Apache-2.0",
    "uvloop": "MIT OR Apache-2.0",
    # Windows alone, so not installed elsewhere.
    "pyreadline3": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
}

_SPELLINGS = {
    "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "isc license": "ISC",
    "license :: osi approved :: mit license": "MIT",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
}

# Machines a requirement may be for; one that holds on any of them counts.
_MACHINES = [
    {"sys_platform": platform, "platform_system": system, "os_name": os_name}
    for platform, system, os_name in (
        ("linux", "Linux", "posix"),
        ("darwin", "Darwin", "posix"),
        ("win32", "Windows", "nt"),
    )
]


def page(packages: list[Locked]) -> str:
    """The page as Markdown. Raises ValueError for a package whose licence nobody can tell."""
    runtime = _runtime_names({package.name for package in packages})
    rows = [
        f"| {package.name} | {package.version} | {licence_of(package.name)} | "
        f"{'run time' if package.name in runtime else 'tests'} |\n"
        for package in packages
    ]
    count = sum(package.name in runtime for package in packages)
    return _HEAD.format(count=len(packages), runtime=count) + "".join(rows)


def licence_of(name: str) -> str:
    """The SPDX expression of a package. Raises ValueError if its metadata name none."""
    for told in _told(name):
        try:
            return canonicalize_license_expression(_SPELLINGS.get(told.lower(), told))
        except InvalidLicenseExpression:
            continue
    raise ValueError(
        f"the licence of {name} is not known; read its licence file and add it to _READ in "
        f"{Path(__file__).name}"
    )


def _told(name: str) -> Iterator[str]:
    """What is said of a package's licence, the surest first."""
    if name in _READ:
        yield _READ[name]
        return
    metadata = importlib.metadata.metadata(name)
    for field in ("License-Expression", "License"):
        yield from metadata.get_all(field) or ()
    for classifier in metadata.get_all("Classifier") or ():
        if classifier.startswith("License ::"):
            yield classifier.rsplit(" :: ", 1)[-1]


def _runtime_names(locked: set[str]) -> set[str]:
    """Names of the packages that the project needs without its groups, on any machine."""
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names: set[str] = set()
    waiting = [Requirement(text) for text in project["dependencies"]]
    done: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in locked:
            continue
        names.add(name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in done:
                done.add((name, extra))
                waiting += _requirements(name, extra)
    return names


def _requirements(name: str, extra: str) -> list[Requirement]:
    try:
        texts = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # is for another machine
        return []
    return [
        requirement
        for requirement in map(Requirement, texts)
        if requirement.marker is None
        or any(requirement.marker.evaluate(machine | {"extra": extra}) for machine in _MACHINES)
    ]


if __name__ == "__main__":
    PAGE.write_text(page(read_lock()), encoding="utf-8")
