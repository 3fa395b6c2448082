"""Land files: find, read, check, write, and keep the ledger. One transaction for each file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import duckdb

from orchestration.landing import checks, personal, readers, returns
from orchestration.landing.contract import Entity, Source
from orchestration.landing.files import (
    MAX_FILE_BYTES,
    Candidate,
    Content,
    Refusal,
    find_files,
    identity,
    read_content,
    read_format,
)
from orchestration.landing.ledger import create_raw_tables, raw_table, transaction
from orchestration.landing.names import on_one_line, quoted
from orchestration.landing.rereading import Reading, replace_earlier

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
        """One line for a person, whatever is in the names of the file and its columns."""
        if self.status == "refused":
            return on_one_line(f"{self.path} was refused: {self.reason}")
        if self.status == "already_landed":
            return on_one_line(f"{self.path}: landed before")
        notes = "".join(f"; {note}" for note in self.notes)
        return on_one_line(
            f"{self.path}: {self.rows_read:,} rows read, {self.rows_accepted:,} accepted, "
            f"{self.rows_quarantined:,} quarantined, {self.rows_duplicate:,} duplicate, "
            f"{self.seconds:.1f} s{notes}"
        )


@dataclass
class LandingReport:
    """The results of one run, in the order in which the files were taken."""

    files: list[FileResult] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)  # rows in quarantine, by source.entity

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
    def rows_waiting(self) -> int:
        """Rows that wait in quarantine after the run, of this one and of earlier ones."""
        return sum(self.waiting.values())

    @property
    def seconds(self) -> float:
        """Time spent on the files."""
        return sum(result.seconds for result in self.files)


# Size in bytes, the file's times in nanoseconds (its own, which a program may set, and that of the
# last change, which none can), declaration: equal means that it reads the same.
_Version = tuple[int, int, int | None, str | None]


@dataclass
class _Ledger:
    """What has been landed before, read once for each run."""

    versions: dict[tuple[str, str, str], set[_Version]]  # by source, entity, path
    readings: dict[tuple[str, str, str], Reading]  # by source, entity, content hash: the last one
    last_load_id: int


def land(
    con_or_path: duckdb.DuckDBPyConnection | str | Path,
    extracts_dir: Path,
    contract: Mapping[str, Source],
    now: datetime,
    sources: Collection[str] | None = None,
    progress: Callable[[FileResult], None] | None = None,
    scratch: Path | None = None,
    max_file_bytes: int = MAX_FILE_BYTES,
) -> LandingReport:
    """Land every file under `extracts_dir` that is new; of the folders `sources` only, if given.

    `now` (with a time zone) stands in the ledger and the raw rows as the time of landing.
    `progress` is called after each file. `scratch` is a folder for copies that reading needs, which
    is emptied first, since a killed run leaves them there: they hold personal data.
    `max_file_bytes` is what a file may hold once it is decompressed. Sets the connection's time
    zone to UTC: a timestamp without a zone is UTC. A file that cannot be landed
    is refused and stops no other file; an error of the database itself (disk full, out of memory)
    is raised, and the file it happened in has left no trace.

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
            return _land(
                con, extracts_dir, contract, now, sources, progress, scratch, max_file_bytes
            )
    return _land(
        con_or_path, extracts_dir, contract, now, sources, progress, scratch, max_file_bytes
    )


def _land(
    con: duckdb.DuckDBPyConnection,
    extracts_dir: Path,
    contract: Mapping[str, Source],
    now: datetime,
    sources: Collection[str] | None,
    progress: Callable[[FileResult], None] | None,
    scratch: Path | None,
    max_file_bytes: int,
) -> LandingReport:
    if scratch:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700, parents=True)
    con.execute("set timezone = 'UTC'")
    create_raw_tables(con, contract)
    ledger = _read_ledger(con)
    some_are_erased = personal.recognise(con)
    report = LandingReport()
    for entity in returns.outdated(con, contract, sources):
        try:
            again = _check_again(con, entity, ledger, now)
        finally:
            readers.drop_temporary_tables(con)
        if again:
            report.files.append(again)
            if progress:
                progress(again)
    for candidate in find_files(extracts_dir, contract, sources):
        started = time.perf_counter()
        try:
            erased_in = contract.get(candidate.source) if some_are_erased else None
            result = _land_file(con, candidate, ledger, now, scratch, max_file_bytes, erased_in)
        except Refusal as refusal:
            name = candidate.entity.name if candidate.entity else None
            result = FileResult(
                candidate.relative,
                candidate.source,
                name,
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
    report.waiting = {
        f"{source}.{entity}": rows
        for source, entity, rows in con.execute(
            "select source, entity, count(distinct quarantine_id) from landing.quarantine"
            " where returned_at is null group by source, entity order by source, entity"
        ).fetchall()
        if sources is None or source in sources
    }
    return report


def _read_ledger(con: duckdb.DuckDBPyConnection) -> _Ledger:
    versions: dict[tuple[str, str, str], set[_Version]] = {}
    known: dict[tuple[str, str, str], Reading] = {}
    last = 0
    for source, entity, path, content_hash, size, modified, changed, *rest in con.execute(
        "select source, entity, path, content_hash, size_bytes, modified_ns, changed_ns, load_id,"
        " declaration, file_id, replaced_by from landing.files order by load_id"
    ).fetchall():
        load_id, declaration, file_id, replaced_by = rest
        if replaced_by is None:
            place = (source, entity, path)
            versions.setdefault(place, set()).add((size, modified, changed, declaration))
        content = (source, entity, content_hash)
        first, count = load_id, 1
        if before := known.get(content):
            first, count = before.first_load_id, before.count + 1
        known[content] = Reading(path, declaration, file_id, first, count)
        last = max(last, load_id)
    return _Ledger(versions, known, last)


def _land_file(
    con: duckdb.DuckDBPyConnection,
    candidate: Candidate,
    ledger: _Ledger,
    now: datetime,
    scratch_in: Path | None,
    max_file_bytes: int,
    erased_in: Source | None,
) -> FileResult:
    started = time.perf_counter()
    entity = candidate.entity
    if candidate.refusal or entity is None:
        raise Refusal(candidate.refusal or "no entity")
    place = (candidate.source, entity.name, candidate.relative)
    form = read_format(candidate)
    before = _identity(candidate.path)
    version = (before[0], before[1], before[2], form.declaration)
    if version in ledger.versions.get(place, ()):
        return FileResult(candidate.relative, candidate.source, entity.name, "already_landed")
    with tempfile.TemporaryDirectory(prefix="landing_", dir=scratch_in) as folder:
        scratch = Path(folder)
        path, file_type = candidate.path, candidate.file_type
        content = read_content(path, file_type, scratch, form, max_file_bytes)
        earlier = ledger.readings.get((candidate.source, entity.name, content.content_hash))
        if earlier and _is_known(candidate, earlier, form.declaration):
            note = f"same content as {earlier.path}" if earlier.path != candidate.relative else ""
            return FileResult(
                candidate.relative,
                candidate.source,
                entity.name,
                "already_landed",
                seconds=time.perf_counter() - started,
                notes=(note,) if note else (),
            )
        staged = readers.read(con, content, entity, file_type, scratch, form, max_file_bytes)
        if _identity(candidate.path) != before:
            raise Refusal("was changed while it was read; the next run takes it")
    returns.take_back(con, staged, entity)
    if staged.comes_back and earlier:
        # Its ids have done their work, and what is declared of values does not hold for exports.
        return FileResult(candidate.relative, candidate.source, entity.name, "already_landed")
    with transaction(con):
        if erased_in:
            personal.forget_arriving(con, erased_in, entity)
        result = _write(con, ledger, candidate, entity, content, staged, version, now, started)
        if erased_in:
            personal.forget_quarantined(con, erased_in, entity, now, ledger.last_load_id)
    return replace(result, seconds=time.perf_counter() - started)


def _is_known(candidate: Candidate, earlier: Reading, declaration: str | None) -> bool:
    """Whether a content has been read as it is to be read now.

    Raises Refusal if a file that still lies there says otherwise how the same content is read: each
    of the two would take the place of the other, in every run.
    """
    if earlier.declaration == declaration:
        return True
    if earlier.path == candidate.relative:
        return False
    if declaration is None:
        return True
    if (candidate.path.parent.parent / earlier.path).exists():
        raise Refusal(
            f"has the same content as {earlier.path}, for which something else is declared; leave"
            " one of the two out"
        )
    return False


def _check_again(
    con: duckdb.DuckDBPyConnection, entity: Entity, ledger: _Ledger, now: datetime
) -> FileResult | None:
    """Check the rows of an entity that wait by the rules of today; None if none passes."""
    started = time.perf_counter()
    with transaction(con):
        staged = returns.judge_again(con, entity)
        row = con.execute(
            "select sha256(string_agg(entry, ',' order by entry)) from temp._landing_back"
        ).fetchone()
        if row is None or row[0] is None:
            return None
        place = f"{entity.source}/{entity.name} (checked again)"
        candidate = Candidate(Path(), place, entity.source, entity)
        content = Content(content_hash=row[0])
        version = (0, 0, None, None)
        result = _write(con, ledger, candidate, entity, content, staged, version, now, started)
    return replace(result, seconds=time.perf_counter() - started)


def _identity(path: Path) -> tuple[int, ...]:
    try:
        return identity(path)
    except OSError as error:
        raise Refusal(f"cannot be opened: {error.strerror}") from error


def _write(
    con: duckdb.DuckDBPyConnection,
    ledger: _Ledger,
    candidate: Candidate,
    entity: Entity,
    content: Content,
    staged: readers.Staged,
    version: _Version,
    now: datetime,
    started: float,
) -> FileResult:
    """Write raw rows, quarantine and ledger. Runs inside of the caller's transaction."""
    content_of = (candidate.source, entity.name, content.content_hash)
    earlier = ledger.readings.get(content_of)
    *size_and_times, declaration = version
    file_id = content.content_hash
    if declaration or earlier:
        readings = f"{file_id} {declaration or ''} {earlier.count if earlier else 0}"
        file_id = hashlib.sha256(readings.encode()).hexdigest()
    load_id = ledger.last_load_id + 1
    columns = [c.name for c in entity.accepted_columns if c.name in staged.present]
    listed = ", ".join([*map(quoted, columns), "_extra", "_original", "_row_number"])
    target, relation = listed, f"({staged.relation})"
    if staged.comes_back:
        target += ", _first_load_id, _first_row_number"
        listed += ", first_load_id, first_row_number"
        relation += " left join temp._landing_back on _row_number = n"
    elif earlier:
        target += ", _first_load_id, _first_row_number"
        listed += f", {earlier.first_load_id}, _row_number"
    con.execute(
        f"insert into {raw_table(entity)} ({target}, _file_id, _load_id, _loaded_at)"
        f" select {listed}, ?, ?, ? from {relation} where not _bad",
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
        returns.write_waiting(con, entity, candidate.relative, file_id, staged, load_id, now)
    notes = [*readers.notes_of_columns(staged), *staged.notes]
    if earlier:
        notes.append(replace_earlier(con, entity, earlier, file_id, now))
    if staged.comes_back:
        came_back = returns.mark_returned(con, entity, file_id, now)
        notes.append(f"{came_back:,} of these rows had waited in quarantine")
    counts = (good + bad + unread, distinct, bad + unread, good - distinct)
    con.execute(
        "insert into landing.files by name select ? as file_id, ? as source, ? as entity,"
        " ? as path, ? as content_hash, ? as size_bytes, ? as modified_ns, ? as changed_ns,"
        " ? as encoding,"
        " ? as rows_read, ? as rows_accepted, ? as rows_quarantined, ? as rows_duplicate,"
        " ? as load_id, ?::timestamptz as started_at, ?::timestamptz as ended_at,"
        " ?::varchar[] as unknown_columns, ?::varchar[] as absent_columns, ?::varchar[] as notes,"
        " ? as declaration",
        [
            file_id,
            candidate.source,
            entity.name,
            candidate.relative,
            content.content_hash,
            *size_and_times,
            content.encoding,
            *counts,
            load_id,
            now,
            now + timedelta(seconds=time.perf_counter() - started),
            staged.unknown_columns,
            staged.absent_columns,
            notes,
            declaration,
        ],
    )
    ledger.last_load_id = load_id
    place = (candidate.source, entity.name, candidate.relative)
    if earlier:
        ledger.versions.pop((candidate.source, entity.name, earlier.path), None)
    ledger.versions.setdefault(place, set()).add(version)
    first, count = (earlier.first_load_id, earlier.count + 1) if earlier else (load_id, 1)
    ledger.readings[content_of] = Reading(candidate.relative, declaration, file_id, first, count)
    return FileResult(
        candidate.relative, candidate.source, entity.name, "landed", *counts, notes=tuple(notes)
    )


def _replace_refusals(
    con: duckdb.DuckDBPyConnection,
    report: LandingReport,
    now: datetime,
    sources: Collection[str] | None,
) -> None:
    """List the files refused in this run, in place of the last list of the same folders."""
    with transaction(con):
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


def _row(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = con.execute(query).fetchone()
    if row is None:
        raise RuntimeError("an aggregate gave no row")
    return tuple(int(value) for value in row)
