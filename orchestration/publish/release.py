"""Publishing a release: the finished file takes the place of the one that readers open."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.publish.manifest import (
    SUFFIX,
    Manifest,
    PublishError,
    digest,
    flush_folder,
    manifest_path,
    read_manifest,
    verify,
    wal_of,
    write_manifest,
)


def publish(release: Path, published_file: Path, kept: int, run: str | None = None) -> Manifest:
    """Make `release` the published file, atomically, and keep `kept` releases in all.

    The release is checked, sealed (a manifest with its digest is written beside it), and then
    `published_file`, a symbolic link, is swapped in one step: a reader sees the old release or the
    new one, never a mix, and keeps the one it has opened. A crash between two steps leaves the old
    release published and at most a sealed one beside it. `run` names the run that built it.

    Raises PublishError when the release is incomplete or is not at rest on the disk. Nothing has
    changed then.
    """
    if kept < 1:
        raise ValueError("at least one release must be kept: the published one")
    if not release.is_file():
        raise PublishError(f"{release.name} does not exist: run dbt build before publishing")
    before = published_release(published_file)
    if before and before != release.resolve() and not manifest_path(before).exists():
        with suppress(PublishError, duckdb.Error):  # what cannot be sealed is nothing to go back to
            _seal(before, follows=None, run=None)
    sealed = read_manifest(release)
    if sealed is None or sealed.sha256 != digest(release):
        _settle(release)
        sealed = _seal(release, before.stem if before is not None else None, run)
    _swap(release, published_file)
    _prune(release, kept)
    return sealed


def published_release(published_file: Path) -> Path | None:
    """The release that readers have; None before the first one."""
    return published_file.resolve() if published_file.exists() else None


def go_back(published_file: Path, releases_dir: Path, to: str | None = None) -> Manifest:
    """Publish an earlier release again: `to`, or the one before the present one. Removes nothing.

    Raises PublishError, and changes nothing, if there is no such release or its file is not what
    was published then.
    """
    present = published_release(published_file)
    name = to or _before(present)
    target = releases_dir / (name.removesuffix(SUFFIX) + SUFFIX)
    if target.parent != releases_dir:
        raise PublishError(f"{name} is no name of a release; make releases lists them")
    if target.resolve() == present:
        raise PublishError(f"{target.stem} is the published release already")
    found = verify(target)
    _swap(target, published_file)
    return found


def _before(present: Path | None) -> str:
    """The name of the release that readers had before the present one."""
    if present is None:
        raise PublishError("nothing is published: say with TO=<name> what is to be (make releases)")
    manifest = read_manifest(present)
    if manifest is None or manifest.follows is None:
        raise PublishError(f"{present.stem} knows of no release before it (make releases)")
    return manifest.follows


def kept_releases(releases_dir: Path) -> list[Manifest]:
    """Every complete release that is there, the youngest first."""
    found = []
    for path in releases_dir.glob(f"kpis_*{SUFFIX}"):
        with suppress(PublishError):  # a damaged manifest is nothing to go back to
            found.append(read_manifest(path))
    return sorted(
        (manifest for manifest in found if manifest is not None),
        key=lambda manifest: manifest.sealed_at,
        reverse=True,
    )


def _settle(release: Path) -> None:
    """Fold the write-ahead log into the file and flush it to the disk."""
    with duckdb.connect(str(release)) as con:
        con.execute("checkpoint")
    # DuckDB would apply a log that lies beside a replaced file without a word.
    if wal_of(release).exists():
        raise PublishError(f"{release.name} is still being written to; try again when it is closed")
    with release.open("rb+") as file:
        os.fsync(file.fileno())


def _seal(release: Path, follows: str | None, run: str | None) -> Manifest:
    """Check what is in a release at rest, and write down what it is."""
    with duckdb.connect(str(release), read_only=True) as con:
        tables = con.execute(
            "select count(*) from duckdb_tables() where database_name = current_database()"
        ).fetchone()
        try:
            publication = con.execute("select as_of_date from scorecard.publication").fetchone()
            cells = con.execute("select count(*) from scorecard.kpi_values").fetchone()
        except duckdb.CatalogException as error:
            raise PublishError(
                f"{release.name} is not a complete release ({error}); run dbt build again"
            ) from error
    if publication is None or tables is None or cells is None:
        raise PublishError(f"{release.name} does not say its as_of_date; run dbt build again")
    manifest = Manifest(
        release=release.stem,
        run=run,
        as_of_date=str(publication[0]),
        follows=follows if follows != release.stem else None,
        sealed_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        sha256=digest(release),
        size_bytes=release.stat().st_size,
        tables=tables[0],
        kpi_cells=cells[0],
    )
    write_manifest(release, manifest)
    return manifest


def _swap(release: Path, published_file: Path) -> None:
    published_file.parent.mkdir(parents=True, exist_ok=True)
    link = published_file.with_name(f".{published_file.name}.{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(release, published_file.parent))
    os.replace(link, published_file)
    flush_folder(published_file.parent)


def _prune(release: Path, kept: int) -> None:
    """Keep the published release, those it follows, then the youngest; remove the others.

    What has no manifest is the half of a release that a failed or killed run has left; it goes,
    unless somebody is writing to it.
    """
    complete = {manifest.release: manifest for manifest in kept_releases(release.parent)}
    line: list[str] = []
    name: str | None = release.stem
    while name in complete and name not in line:
        line.append(name)
        name = complete[name].follows
    stay = [*line, *(name for name in complete if name not in line)][:kept]
    for name in {*complete, *_half_made(release.parent)} - {*stay}:
        path = release.with_name(name + SUFFIX)
        if not _is_open(path):
            _remove(path)
    for draft in release.parent.glob(".kpis_*.json.*"):
        draft.unlink(missing_ok=True)


def clear_half_made(releases_dir: Path, published_file: Path, but: Path | None = None) -> None:
    """Remove what failed and killed runs have left, lest it fill the disk.

    That are releases without a manifest, apart from the published one, from `but`, which is being
    built, and from what somebody is writing to.
    """
    stay = {path.stem for path in (but, published_release(published_file)) if path}
    for name in _half_made(releases_dir) - stay:
        path = releases_dir / (name + SUFFIX)
        if not _is_open(path):
            _remove(path)


def _half_made(releases_dir: Path) -> set[str]:
    """Names of releases that have no manifest, or of which only a part is left."""
    names = {path.name.split(".")[0] for path in releases_dir.glob(f"kpis_*{SUFFIX}*")}
    return {name for name in names if not manifest_path(releases_dir / (name + SUFFIX)).exists()}


def _is_open(release: Path) -> bool:
    """Whether a process writes to a file, which DuckDB locks for as long."""
    if not release.exists():
        return False
    with release.open("rb") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _remove(release: Path) -> None:
    """Remove a release; its manifest first, so that no manifest stands for what is not there."""
    manifest_path(release).unlink(missing_ok=True)
    release.unlink(missing_ok=True)
    wal_of(release).unlink(missing_ok=True)
    shutil.rmtree(release.with_name(release.name + ".tmp"), ignore_errors=True)
