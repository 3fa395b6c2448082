"""Publishing a release: the finished file takes the place of the one that readers open."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb


class PublishError(RuntimeError):
    """The release cannot be published; what was published before stays."""


@dataclass(frozen=True)
class Release:
    """A published release: its file, its last counted day, and what is in it."""

    path: Path
    as_of_date: str
    tables: int
    kpi_cells: int
    size_bytes: int


def publish(release: Path, published_file: Path, kept: int) -> Release:
    """Make `release` the published file, atomically, and keep the `kept` latest releases.

    `published_file` is a symbolic link that is swapped in one step: a reader sees the old release
    or the new one, never a mix, and keeps the one it has opened. To go back, publish an older file.

    Raises PublishError when the release is incomplete or is not at rest on the disk. Nothing has
    changed then.
    """
    if kept < 1:
        raise ValueError("at least one release must be kept: the published one")
    if not release.is_file():
        raise PublishError(f"{release.name} does not exist: run dbt build before publishing")
    made = _settle(release)
    _swap(release, published_file)
    _prune(release, kept)
    return made


def _settle(release: Path) -> Release:
    """Fold the write-ahead log into the file, check what is in it, and flush it to the disk."""
    with duckdb.connect(str(release)) as con:
        con.execute("checkpoint")
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
    # DuckDB would apply a log that lies beside a replaced file without a word.
    if release.with_name(release.name + ".wal").exists():
        raise PublishError(f"{release.name} is still being written to; try again when it is closed")
    with release.open("rb+") as file:
        os.fsync(file.fileno())
    return Release(release, str(publication[0]), tables[0], cells[0], release.stat().st_size)


def _swap(release: Path, published_file: Path) -> None:
    published_file.parent.mkdir(parents=True, exist_ok=True)
    link = published_file.with_name(f".{published_file.name}.{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(release, published_file.parent))
    os.replace(link, published_file)
    folder = os.open(published_file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _prune(release: Path, kept: int) -> None:
    """Remove old releases, the published one apart, and what killed runs have left."""
    others = [path for path in release.parent.glob("kpis_*.duckdb") if path != release]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[kept - 1 :]:
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
