"""Land files: find, read, check, write, and keep the ledger. One transaction for each file."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import duckdb

from orchestration.landing import checks, readers
from orchestration.landing.contract import Entity, Source
from orchestration.landing.files import Candidate, Content, Refusal, find_files, read_content
from orchestration.landing.ledger import create_raw_tables, raw_table
from orchestration.landing.names import literal, quoted

Status = Literal["landed", "already_landed", "refused"]


@dataclass(frozen=True)
class FileResult:
    """What became of one file. The row counts are of this run: 0 unless the status is landed."""

    path: str
    source: str
    entity: str | None
    status: Status
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    reason: str | None = None

    def summary(self) -> str:
        """One line for a person."""
        if self.status == "refused":
            return f"{self.path} was refused: {self.reason}"
        if self.status == "already_landed":
            return f"{self.path}: landed before"
        notes = "".join(f"; {note}" for note in self.notes)
        return (
            f"{self.path}: {self.rows_read:,} rows read, {self.rows_accepted:,} accepted, "
            f"{self.rows_quarantined:,} quarantined, {self.rows_duplicate:,} duplicate, "
            f"{self.seconds:.1f} s{notes}"
        )


@dataclass
class LandingReport:
    """The results of one run, in the order in which the files were taken."""

    files: list[FileResult] = field(default_factory=list)

    def with_status(self, status: Status) -> list[FileResult]:
        """The files that ended in `status`."""
        return [result for result in self.files if result.status == status]

    @property
    def landed(self) -> list[FileResult]:
        """Files landed in this run."""
        return self.with_status("landed")

    @property
    def refused(self) -> list[FileResult]:
        """Files left where they are, each with its reason."""
        return self.with_status("refused")

    @property
    def rows_read(self) -> int:
        """Rows in the files landed: accepted + quarantined + duplicate."""
        return sum(result.rows_read for result in self.files)

    @property
    def rows_accepted(self) -> int:
        """Rows that no other row of their file replaces."""
        return sum(result.rows_accepted for result in self.files)

    @property
    def rows_quarantined(self) -> int:
        """Rows with at least one problem."""
        return sum(result.rows_quarantined for result in self.files)

    @property
    def rows_duplicate(self) -> int:
        """Rows that a later row of their file replaces."""
        return sum(result.rows_duplicate for result in self.files)

    @property
    def seconds(self) -> float:
        """Time spent on the files."""
        return sum(result.seconds for result in self.files)


@dataclass
class _Ledger:
    """What has been landed before, read once for each run."""

    versions: dict[tuple[str, str, str], set[tuple[int, int]]]  # source, entity, path: size, time
    hashes: dict[tuple[str, str, str], str]  # source, entity, content hash: path
    last_load_id: int


def land(
    con_or_path: duckdb.DuckDBPyConnection | str | Path,
    extracts_dir: Path,
    contract: Mapping[str, Source],
    now: datetime,
    sources: Collection[str] | None = None,
    progress: Callable[[FileResult], None] | None = None,
) -> LandingReport:
    """Land every file under `extracts_dir` that is new; of the folders `sources` only, if given.

    `now` (with a time zone) stands in the ledger and the raw rows as the time of landing.
    `progress` is called after each file. Sets the connection's time zone to UTC: a timestamp
    without a zone is UTC. A file that cannot be landed is refused and stops no other file; an
    error of the database itself (disk full, out of memory) is raised, and the file it happened in
    has left no trace.

    Raises ValueError if `now` has no time zone, a source is not in the contract, or the folder
    does not exist.
    """
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    if not extracts_dir.is_dir():
        raise ValueError(f"extracts folder {extracts_dir} does not exist")
    if unknown := sorted(set(sources or ()) - set(contract)):
        raise ValueError(f"not in the contract: {', '.join(unknown)}")
    if isinstance(con_or_path, (str, Path)):
        with duckdb.connect(str(con_or_path)) as con:
            return _land(con, extracts_dir, contract, now, sources, progress)
    return _land(con_or_path, extracts_dir, contract, now, sources, progress)


def _land(
    con: duckdb.DuckDBPyConnection,
    extracts_dir: Path,
    contract: Mapping[str, Source],
    now: datetime,
    sources: Collection[str] | None,
    progress: Callable[[FileResult], None] | None,
) -> LandingReport:
    con.execute("set timezone = 'UTC'")
    create_raw_tables(con, contract)
    ledger = _read_ledger(con)
    report = LandingReport()
    for candidate in find_files(extracts_dir, contract, sources):
        started = time.perf_counter()
        try:
            result = _land_file(con, candidate, ledger, now)
        except Refusal as refusal:
            entity = candidate.entity.name if candidate.entity else None
            result = FileResult(
                candidate.relative,
                candidate.source,
                entity,
                "refused",
                reason=str(refusal),
                seconds=time.perf_counter() - started,
            )
        finally:
            readers.drop_temporary_tables(con)
        report.files.append(result)
        if progress:
            progress(result)
    _replace_refusals(con, report, now, sources)
    return report


def _read_ledger(con: duckdb.DuckDBPyConnection) -> _Ledger:
    versions: dict[tuple[str, str, str], set[tuple[int, int]]] = {}
    hashes: dict[tuple[str, str, str], str] = {}
    last = 0
    for source, entity, path, content_hash, size, modified, load_id in con.execute(
        "select source, entity, path, content_hash, size_bytes, modified_ns, load_id"
        " from landing.files"
    ).fetchall():
        versions.setdefault((source, entity, path), set()).add((size, modified))
        hashes[source, entity, content_hash] = path
        last = max(last, load_id)
    return _Ledger(versions, hashes, last)


def _land_file(
    con: duckdb.DuckDBPyConnection, candidate: Candidate, ledger: _Ledger, now: datetime
) -> FileResult:
    started = time.perf_counter()
    entity = candidate.entity
    if candidate.refusal or entity is None:
        raise Refusal(candidate.refusal or "no entity")
    place = (candidate.source, entity.name, candidate.relative)
    version = _version(candidate.path)
    if version in ledger.versions.get(place, ()):
        return FileResult(candidate.relative, candidate.source, entity.name, "already_landed")
    with tempfile.TemporaryDirectory(prefix="landing_") as folder:
        scratch = Path(folder)
        content = read_content(candidate.path, candidate.file_type, scratch)
        landed_as = ledger.hashes.get((candidate.source, entity.name, content.content_hash))
        if landed_as is not None:
            note = f"same content as {landed_as}" if landed_as != candidate.relative else ""
            return FileResult(
                candidate.relative,
                candidate.source,
                entity.name,
                "already_landed",
                seconds=time.perf_counter() - started,
                notes=(note,) if note else (),
            )
        staged = readers.read(con, content, entity, candidate.file_type, scratch)
        if _version(candidate.path) != version:
            raise Refusal("was changed while it was read; the next run takes it")
    load_id = ledger.last_load_id + 1
    con.execute("begin")
    try:
        counts = _write(con, candidate, entity, content, staged, version, load_id, now, started)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    ledger.last_load_id = load_id
    ledger.versions.setdefault(place, set()).add(version)
    ledger.hashes[candidate.source, entity.name, content.content_hash] = candidate.relative
    notes = []
    if staged.unknown_columns:
        notes.append(f"unknown columns, kept in _extra: {', '.join(staged.unknown_columns)}")
    if staged.absent_columns:
        notes.append(f"optional columns absent: {', '.join(staged.absent_columns)}")
    return FileResult(
        candidate.relative,
        candidate.source,
        entity.name,
        "landed",
        *counts,
        seconds=time.perf_counter() - started,
        notes=tuple(notes),
    )


def _version(path: Path) -> tuple[int, int]:
    """Size in bytes and time of change in nanoseconds: equal means unchanged."""
    try:
        status = path.stat()
    except OSError as error:
        raise Refusal(f"cannot be opened: {error.strerror}") from error
    return status.st_size, status.st_mtime_ns


def _write(
    con: duckdb.DuckDBPyConnection,
    candidate: Candidate,
    entity: Entity,
    content: Content,
    staged: readers.Staged,
    version: tuple[int, int],
    load_id: int,
    now: datetime,
    started: float,
) -> tuple[int, int, int, int]:
    """Write raw rows, quarantine and ledger; returns rows read, accepted, quarantined, duplicate.

    Runs inside of the caller's transaction.
    """
    file_id = content.content_hash
    columns = [c.name for c in entity.accepted_columns if c.name in staged.present]
    listed = ", ".join(map(quoted, columns))
    con.execute(
        f"insert into {raw_table(entity)} ({listed}, _extra, _row_number, _file_id, _load_id,"
        f" _loaded_at) select {listed}, _extra, _row_number, ?, ?, ?"
        f" from ({staged.relation}) where not _bad",
        [file_id, load_id, now],
    )
    good, bad, unread = _row(
        con,
        "select count(*) filter (where not _bad), count(*) filter (where _bad),"
        " (select count(*) from temp._landing_unread) from temp._landing_stage",
    )
    by_name = {column.name: column for column in entity.columns}
    key = ", ".join(
        checks.typed(by_name[name]) if name in staged.present else "null" for name in entity.key
    )
    distinct = good
    if key:
        (distinct,) = _row(
            con,
            f"select count(*) from (select distinct {key} from temp._landing_stage where not _bad)",
        )
    if bad or unread:
        _write_quarantine(con, candidate, entity, file_id, staged, columns, load_id, now)
    counts = (good + bad + unread, distinct, bad + unread, good - distinct)
    con.execute(
        "insert into landing.files by name select ? as file_id, ? as source, ? as entity,"
        " ? as path, ? as content_hash, ? as size_bytes, ? as modified_ns, ? as encoding,"
        " ? as rows_read, ? as rows_accepted, ? as rows_quarantined, ? as rows_duplicate,"
        " ? as load_id, ?::timestamptz as started_at, ?::timestamptz as ended_at,"
        " ?::varchar[] as unknown_columns, ?::varchar[] as absent_columns",
        [
            file_id,
            candidate.source,
            entity.name,
            candidate.relative,
            content.content_hash,
            *version,
            content.encoding,
            *counts,
            load_id,
            now,
            now + timedelta(seconds=time.perf_counter() - started),
            staged.unknown_columns,
            staged.absent_columns,
        ],
    )
    return counts


def _write_quarantine(
    con: duckdb.DuckDBPyConnection,
    candidate: Candidate,
    entity: Entity,
    file_id: str,
    staged: readers.Staged,
    columns: list[str],
    load_id: int,
    now: datetime,
) -> None:
    """One row for each problem. Only rows that failed the fast test are looked at again."""
    row_text = ", ".join(f"{literal(name)}, {quoted(name)}" for name in columns)
    found = [
        f"select _row_number, {position}, {literal(problem.column)},"
        f" {quoted(problem.column) if problem.column in staged.present else 'null'},"
        f" {problem.reason}, row_text from bad where {problem.condition}"
        for position, problem in enumerate(checks.problems(entity, staged.present), start=1)
    ]
    found.append("select row_number, 0, null, null, reason, row_text from temp._landing_unread")
    con.execute(
        f"insert into landing.quarantine with bad as materialized (select *,"
        f" json_object({row_text})::varchar as row_text from ({staged.relation}) where _bad),"
        f" found (row_number, position, column_name, value, reason, row_text) as"
        f" ({' union all '.join(found)})"
        " select ?, ?, ?, ?, row_number, column_name, value, reason, row_text, ?, ? from found"
        " order by row_number, position",
        [file_id, candidate.source, entity.name, candidate.relative, load_id, now],
    )


def _replace_refusals(
    con: duckdb.DuckDBPyConnection,
    report: LandingReport,
    now: datetime,
    sources: Collection[str] | None,
) -> None:
    """List the files refused in this run, in place of the last list of the same folders."""
    con.execute("begin")
    try:
        if sources is None:
            con.execute("delete from landing.refusals")
        else:
            con.execute(
                "delete from landing.refusals where list_contains(?::varchar[], source)",
                [list(sources)],
            )
        for result in report.refused:
            con.execute(
                "insert into landing.refusals values (?, ?, ?, ?)",
                [result.path, result.source, result.reason, now],
            )
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def _row(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = con.execute(query).fetchone()
    if row is None:
        raise RuntimeError("an aggregate gave no row")
    return tuple(int(value) for value in row)
