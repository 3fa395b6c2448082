"""Erase a person from the private warehouse. Called by make, with PERSON in the environment.

Four steps, each of which may be repeated: the values are replaced in one transaction, what was made
of them is dropped, the database is written anew without the blocks that were freed, and the new
file takes the place of the old one.
"""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.landing import personal
from orchestration.landing.contract import Entity, Source, load_contract
from orchestration.landing.ledger import create_raw_tables, raw_table
from orchestration.landing.names import literal, quoted
from orchestration.landing.warehouse import open_warehouse
from orchestration.runlock import run_lock
from orchestration.settings import PROJECT_DIR, Settings, load_settings

# More records than one person has; an address that stands in more of them is many people's.
DEFAULT_AT_MOST = 50

_TABLE = """
create table if not exists landing.erasures (
    erased_at timestamptz not null,
    request_hash varchar not null,     -- of what was typed
    records bigint not null,           -- contacts and leads that are this person
    rows_changed bigint not null,      -- in raw
    rows_blanked bigint not null,      -- in quarantine
    files varchar[] not null,          -- extracts that bring the person, relative to their folder
    is_complete boolean not null       -- the freed blocks are gone as well
);
"""

_CHUNK = 1 << 20  # bytes
_PACKED = (".parquet", ".xlsx", ".xls", ".zip")
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


class ErasureError(ValueError):
    """Nothing was erased; the message says why and what to type instead."""


@dataclass(frozen=True)
class Erasure:
    """What was erased: numbers of records (contacts and leads), and of rows by raw table.

    found: there was something to erase or to remember.
    rows_blanked: entries of the quarantine.
    files: extracts that still hold the person, relative to the extracts folder.
    unsearched: extracts of a kind that cannot be searched and that have never landed.
    exports: exports of quarantined rows that were removed.
    """

    found: bool
    records: int
    rows: Mapping[str, int]
    rows_blanked: int
    files: tuple[str, ...]
    unsearched: tuple[str, ...]
    exports: int


def main() -> None:
    person = os.environ.get("PERSON", "").strip()
    if not person:
        sys.exit("say who: make erase PERSON=<e-mail address, or id of a contact or lead>")
    settings = load_settings()
    at_most = int(os.environ.get("ERASE_AT_MOST", DEFAULT_AT_MOST))
    with run_lock(settings, "an erasure", lambda line: print(line, flush=True)):
        try:
            erasure = erase(settings, person, datetime.now(UTC), at_most)
        except ErasureError as error:
            sys.exit(str(error))
    print(summary(erasure))


def summary(erasure: Erasure) -> str:
    """What was done and what is left to do, without naming the person."""
    lines = []
    if erasure.found:
        rows = sum(erasure.rows.values())
        lines.append(f"erased: {erasure.records} contacts and leads, {rows} rows")
        lines += [f"  {table}: {count} rows" for table, count in erasure.rows.items()]
        lines.append(f"  landing.quarantine: {erasure.rows_blanked} rows")
        lines.append(f"  exports of quarantined rows removed: {erasure.exports}")
        lines.append("the next run builds everything anew: make run")
    else:
        lines.append("nobody is known by that address or id, or they are erased already")
    if erasure.files:
        lines.append("these extracts still hold the person; delete them:")
        lines += [f"  {path}" for path in erasure.files]
    if erasure.unsearched:
        lines.append("these extracts have not landed and cannot be searched; look into them:")
        lines += [f"  {path}" for path in erasure.unsearched]
    return "\n".join(lines)


def erase(
    settings: Settings, person: str, now: datetime, at_most: int = DEFAULT_AT_MOST
) -> Erasure:
    """Erase a person by e-mail address or by the id of a contact or lead; finish what a killed
    erasure has left undone.

    An id may be written with its entity and its source, as in `contacts/17` or
    `contacts/zoho:17`. Raises ErasureError if an id is that of several records, or if more than
    `at_most` contacts and leads are the person. Nobody else may write to the warehouse meanwhile.
    """
    contract = load_contract(PROJECT_DIR / "models")
    with open_warehouse(settings) as con:
        con.execute("set timezone = 'UTC'")
        create_raw_tables(con, contract)
        con.execute(_TABLE)
        personal.prepare(con)
        personal.recognise(con)
        con.execute("begin")
        try:
            erasure = _erase(con, contract, settings, person, now, at_most)
            con.execute("commit" if erasure.found else "rollback")
        except BaseException:
            con.execute("rollback")
            raise
        left = con.execute("select 1 from landing.erasures where not is_complete").fetchone()
    if left:
        _write_anew(settings.warehouse)
    return erasure


def _erase(
    con: duckdb.DuckDBPyConnection,
    contract: Mapping[str, Source],
    settings: Settings,
    person: str,
    now: datetime,
    at_most: int,
) -> Erasure:
    """Everything that is one transaction; it is to be rolled back if nobody was found."""
    people = [(s, e) for s, e in _entities(contract) if personal.is_of_people(e)]
    con.execute("create or replace temp table _known_before as from landing.erased")
    _recognise(con, people, person)
    while sum(personal.remember(con, s, e, raw_table(e)) for s, e in people):
        pass
    records = sum(_count_records(con, source, entity) for source, entity in people)
    if records > at_most:
        raise ErasureError(
            f"{records} contacts and leads are reached from there, more than one person has;"
            " nothing was erased. Take the address that they share out of them, or set"
            f" ERASE_AT_MOST={records} to erase them all"
        )
    texts = {person} if "@" in person else set()
    for source, entity in people:
        texts |= _texts(con, source, entity)
    rows: dict[str, int] = {}
    file_ids: set[str | None] = set()
    blanked: list[tuple[str, str]] = []
    for source, entity in _entities(contract):
        if changed := personal.replace(con, source, entity, raw_table(entity)):
            rows[f"raw.{entity.table}"] = len(changed)
            file_ids |= set(changed)
        blanked += personal.forget_quarantined(con, source, entity, now)
    file_ids |= {file_id for _, file_id in blanked}
    found = bool(records or rows or blanked)
    files = _landed_files(con, file_ids) | _files_of_before(con, person)
    holding, unsearched = _search(con, settings.extracts_dir, texts)
    present = {path for path in files if (settings.extracts_dir / path).exists()} | holding
    exports = 0
    if found:
        con.execute(
            "insert into landing.erasures values"
            " (?, erased_hash('request', ?), ?, ?, ?, ?::varchar[], false)",
            [now, person.lower(), records, sum(rows.values()), len(blanked), sorted(present)],
        )
        _drop_what_was_made(con)
        texts |= {quarantine_id for quarantine_id, _ in blanked}
        exports = _remove_exports(settings.private_dir / "quarantine", texts)
    return Erasure(
        found=found,
        records=records,
        rows=rows,
        rows_blanked=len(blanked),
        files=tuple(sorted(present)),
        unsearched=tuple(sorted(unsearched)),
        exports=exports,
    )


def _entities(contract: Mapping[str, Source]) -> Iterator[tuple[Source, Entity]]:
    for source in contract.values():
        for entity in source.entities.values():
            yield source, entity


def _recognise(
    con: duckdb.DuckDBPyConnection, people: Iterable[tuple[Source, Entity]], person: str
) -> None:
    """Know what was typed as an address or as the key of one record."""
    hashes = [("email", "erased_hash('email', email_key(?))")] if "@" in person else []
    named: list[str] = []
    for source, entity in people:
        key = quoted(entity.key[0])
        forms = [f"{source.name}:", f"{entity.name}/", f"{entity.name}/{source.name}:", ""]
        ids = [person.removeprefix(form) for form in forms if person.startswith(form)]
        waiting = f"json_extract_string(as_object(row_text), {literal('$.' + key)})"
        row = con.execute(
            f"select distinct trim({key}) from {raw_table(entity)}"
            f" where trim({key}) in (select unnest(?::varchar[])) union select trim({waiting})"
            " from landing.quarantine where source = ? and entity = ?"
            f" and trim({waiting}) in (select unnest(?::varchar[]))",
            [ids, source.name, entity.name, ids],
        ).fetchone()
        if row:
            named.append(f"{entity.name}/{source.name}:{row[0]}")
            key_hash = personal.person_key(source, entity.name, literal(str(row[0])))
            hashes.append((entity.name, key_hash))
    if len(named) > 1:
        raise ErasureError(f"several records have that id; say which: {', '.join(sorted(named))}")
    for kind, sql in hashes:
        con.execute(
            f"insert into landing.erased select ?, hash from (select {sql} as hash)"
            " where hash not in (select hash from landing.erased)",
            [kind, person] if kind == "email" else [kind],
        )


def _count_records(con: duckdb.DuckDBPyConnection, source: Source, entity: Entity) -> int:
    """How many contacts or leads have become known as this person's."""
    key = quoted(entity.key[0])
    row = con.execute(
        f"select count(distinct key) from (select trim({key}) as key,"
        f" {personal.person_key(source, entity.name, key)} as hash from {raw_table(entity)})"
        " where hash in (select hash from landing.erased)"
        " and hash not in (select hash from temp._known_before)"
    ).fetchone()
    return int(row[0]) if row else 0


def _texts(con: duckdb.DuckDBPyConnection, source: Source, entity: Entity) -> set[str]:
    """The addresses and telephone numbers of the person, as they are written."""
    table = raw_table(entity)
    theirs = personal.is_theirs(source, entity, personal.columns_of(con, table))
    found: set[str] = set()
    for column in entity.columns:
        name = quoted(column.name)
        if column.pii == "email":
            enough = f"contains({name}, '@')"
        elif column.pii == "phone":
            enough = f"phone_key({name}) is not null"
        else:
            continue
        rows = con.execute(
            f"select distinct trim({name}) from {table}"
            f" where ({theirs}) and {enough} and not is_stand_in({name})"
        ).fetchall()
        found |= {row[0] for row in rows}
    return found


def _landed_files(con: duckdb.DuckDBPyConnection, file_ids: set[str | None]) -> set[str]:
    rows = con.execute(
        "select distinct path from landing.files where file_id in (select unnest(?::varchar[]))",
        [list(file_ids)],
    ).fetchall()
    return {row[0] for row in rows}


def _files_of_before(con: duckdb.DuckDBPyConnection, person: str) -> set[str]:
    """What an earlier request for the same person has listed."""
    rows = con.execute(
        "select unnest(files) from landing.erasures where request_hash = erased_hash('request', ?)",
        [person.lower()],
    ).fetchall()
    return {row[0] for row in rows}


def _search(
    con: duckdb.DuckDBPyConnection, extracts_dir: Path, texts: set[str]
) -> tuple[set[str], set[str]]:
    """Extracts with one of the texts in their bytes, and those that bytes say nothing about.

    Of what has landed the ledger knows in which rows the person stands, whatever the kind of file.
    """
    landed = {row[0] for row in con.execute("select path from landing.files").fetchall()}
    holding: set[str] = set()
    unsearched: set[str] = set()
    for path in sorted(extracts_dir.rglob("*")) if extracts_dir.is_dir() else []:
        if path.is_symlink() or not path.is_file():
            continue
        relative = path.relative_to(extracts_dir).as_posix()
        try:
            if path.suffix.lower() in _PACKED:
                if relative not in landed:
                    unsearched.add(relative)
            elif _holds(path, texts):
                holding.add(relative)
        except (OSError, EOFError, zlib.error):
            unsearched.add(relative)
    return holding, unsearched


def _holds(path: Path, texts: set[str]) -> bool:
    """Whether the file, unpacked if it ends in .gz, has one of the texts, whatever their case."""
    needles = {text.lower().encode(encoding) for text in texts for encoding in _ENCODINGS}
    overlap = max(map(len, needles), default=1) - 1
    before = b""
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            window = before + chunk.lower()
            if any(needle in window for needle in needles):
                return True
            before = window[-overlap:] if overlap else b""
    return False


def _drop_what_was_made(con: duckdb.DuckDBPyConnection) -> None:
    """Drop every schema but raw and landing: the next build makes them anew."""
    made = con.execute(
        "select schema_name from duckdb_schemas() where database_name = current_database()"
        " and not internal and schema_name not in ('raw', 'landing', 'main')"
    ).fetchall()
    for (schema,) in made:
        con.execute(f"drop schema {quoted(schema)} cascade")


def _remove_exports(folder: Path, texts: set[str]) -> int:
    """Remove exports of quarantined rows in which the person stands; they can be made again."""
    removed = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file() and _holds(path, texts):
            path.unlink()
            removed += 1
    return removed


def _write_anew(warehouse: Path) -> None:
    """Copy the database into a new file, without the blocks that were freed, in its place.

    The old file is open for reading from before the copy until after the swap, so nobody can write
    what would be lost. A log beside it would be applied to the new file, so there must be none.
    """
    with duckdb.connect(str(warehouse)) as con:
        con.execute("force checkpoint")
    log = warehouse.with_name(f"{warehouse.name}.wal")
    fresh = warehouse.with_name(f"{warehouse.name}.fresh")
    for leftover in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        leftover.unlink(missing_ok=True)
    with duckdb.connect(config={"temp_directory": f"{warehouse}.tmp"}) as con:
        con.execute(f"attach {literal(str(warehouse))} as old (read_only)")
        if log.exists():
            raise ErasureError("somebody has written to the warehouse meanwhile; run this again")
        con.execute(f"attach {literal(str(fresh))} as fresh")
        fresh.chmod(0o600)
        con.execute("copy from database old to fresh")
        con.execute("update fresh.landing.erasures set is_complete = true")
        con.execute("checkpoint fresh")
        con.execute("detach fresh")
        with fresh.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(fresh, warehouse)
        folder = os.open(warehouse.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


if __name__ == "__main__":
    main()
