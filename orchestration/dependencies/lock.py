"""Reads requirements.lock: one exact version and its hashes for each package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from orchestration.settings import PROJECT_DIR

LOCK = PROJECT_DIR / "requirements.lock"


@dataclass(frozen=True)
class Locked:
    """A package by its normalised name, at its one version, with the digests pip accepts.

    marker: on which machines it is installed, in the words of the lock; empty for all.
    """

    name: str
    version: Version
    marker: str
    hashes: tuple[str, ...]


def read_lock(path: Path = LOCK) -> list[Locked]:
    """Every requirement of a lock, also those for other machines, in the order of the file.

    Raises ValueError for a line that pins no version or has no hash.
    """
    packages = []
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        text, *hashes = line.split("--hash=")
        requirement = Requirement(text.strip())
        pins = [s.version for s in requirement.specifier if s.operator == "=="]
        if len(pins) != 1 or len(requirement.specifier) != 1 or pins[0].endswith("*"):
            raise ValueError(f"{path.name}: {text.strip()} is not pinned to one version; lock anew")
        if not hashes:
            raise ValueError(f"{path.name}: {text.strip()} has no hash; lock anew")
        packages.append(
            Locked(
                canonicalize_name(requirement.name),
                Version(pins[0]),
                str(requirement.marker or ""),
                tuple(each.strip() for each in hashes),
            )
        )
    return packages
