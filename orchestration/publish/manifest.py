"""What is known of a release that is complete: a small file beside it, with its digest."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

SUFFIX = ".duckdb"


class PublishError(RuntimeError):
    """The release cannot be published; what was published before stays."""


@dataclass(frozen=True)
class Manifest:
    """A release that passed every test, as it was when it was sealed.

    release: its name, the file in `releases/` without the ending.
    run: id of the run that built it, or null for a build by hand.
    as_of_date: its last counted day, ISO.
    follows: the release that readers had before it, or null for the first one.
    sealed_at: when it was found complete, ISO in UTC; which release readers have says the link.
    """

    release: str
    run: str | None
    as_of_date: str
    follows: str | None
    sealed_at: str
    sha256: str
    size_bytes: int
    tables: int
    kpi_cells: int


def manifest_path(release: Path) -> Path:
    """Where the manifest of a release file lies: beside it."""
    return release.with_suffix(".json")


def read_manifest(release: Path) -> Manifest | None:
    """The manifest of a release file; None if it has none, so was never complete.

    Raises PublishError if there is one that cannot be read.
    """
    path = manifest_path(release)
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise PublishError(
            f"{path.name} cannot be read ({error}); without it nobody knows whether"
            f" {release.name} is whole: choose another release (make releases)"
        ) from error


def write_manifest(release: Path, manifest: Manifest) -> None:
    """Write the manifest beside its release in one step: the whole of it is there, or nothing."""
    path = manifest_path(release)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    flush_folder(path.parent)


def digest(release: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with release.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(release: Path) -> Manifest:
    """The manifest of a release whose file is still what it was when it was sealed.

    Raises PublishError, with what to do, if it is not.
    """
    manifest = read_manifest(release)
    if manifest is None or not release.is_file():
        raise PublishError(
            f"there is no complete release {release.stem} in {release.parent};"
            " make releases lists those that are kept"
        )
    if wal_of(release).exists():
        raise PublishError(
            f"somebody writes to {release.name}, or did: {wal_of(release).name} lies beside it."
            " Close what has it open; if nothing has, choose another release (make releases)"
        )
    found = digest(release)
    if found != manifest.sha256:
        raise PublishError(
            f"{release.name} is not the file that was published: its SHA-256 is {found[:12]}…,"
            f" its manifest says {manifest.sha256[:12]}…. Take it from a backup, or choose another"
            " release (make releases)"
        )
    return manifest


def wal_of(release: Path) -> Path:
    """Where DuckDB's write-ahead log of a file lies."""
    return release.with_name(release.name + ".wal")


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
