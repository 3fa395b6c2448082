"""Write what waits in quarantine to CSV files that a person corrects and drops back.

Called by make.
One file for each table with waiting rows, in the private folder, since they hold personal data:
the values as they arrived, beside them why they wait. landing/returns.py is the way back.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.faults import advice, told
from orchestration.landing import create_raw_tables, load_contract, open_warehouse
from orchestration.landing.cells import guarded, plain
from orchestration.landing.contract import RETURN_COLUMNS, Entity, Source
from orchestration.landing.names import quoted
from orchestration.landing.readers import drop_temporary_tables
from orchestration.landing.returns import gather
from orchestration.runlock import run_lock
from orchestration.settings import PROJECT_DIR, load_settings

_ROWS_AT_A_TIME = 10_000


@dataclass(frozen=True)
class Export:
    """A file of waiting rows: their number, and whether it lay there already."""

    path: Path
    source: str
    rows: int
    is_new: bool


def export_waiting(
    con: duckdb.DuckDBPyConnection, contract: Mapping[str, Source], folder: Path
) -> tuple[list[Export], list[Path]]:
    """Write the waiting rows of every table to `folder`/<source>/; also returns the files there
    that a person has changed, which stay as they are.

    A file's name ends in the beginning of the digest of its content. So an earlier export that
    nobody has changed is known, and goes once it is no longer what waits.
    """
    written: list[Export] = []
    changed: list[Path] = []
    for source in contract.values():
        for entity in source.entities.values():
            place = folder / source.name
            export = _export(con, entity, place)
            if export:
                written.append(export)
            for path in _earlier(place, entity):
                if _digest(path) != path.stem[-8:]:
                    changed.append(path)
                elif export is None or path != export.path:
                    path.unlink()
    return written, changed


def _export(con: duckdb.DuckDBPyConnection, entity: Entity, place: Path) -> Export | None:
    of_entity = {"source": entity.source, "entity": entity.name}
    found = con.execute(
        "select count(*), max(load_id) from (select distinct quarantine_id, load_id"
        " from landing.quarantine"
        " where source = $source and entity = $entity and returned_at is null)",
        of_entity,
    ).fetchone()
    if found is None or not found[0]:
        return None
    rows, last_load = found
    present = gather(con, entity, "true")
    shown = present | _columns_of_unread(con, entity)
    columns = [column.name for column in entity.accepted_columns if column.name in shown]
    values = [quoted(name) if name in present else "null" for name in columns]
    cells = ["reasons", "waiting.path", "waiting.row_number::varchar", *values]
    cells.append("coalesce(own.row_text, origin.row_text)")
    header = [*RETURN_COLUMNS[:-1], *columns, RETURN_COLUMNS[-1]]
    cursor = con.execute(
        "with unread as (select quarantine_id, load_id, row_number, row_text"
        " from landing.quarantine where source = $source and entity = $entity"
        " and column_name is null)"
        f" select quarantine_id, {', '.join(guarded(plain(cell)) for cell in cells)}"
        " from landing.waiting as waiting"
        " inner join temp._landing_entries as entries using (quarantine_id)"
        " left join unread as own using (quarantine_id)"
        " left join unread as origin on waiting.first_load_id = origin.load_id"
        " and waiting.first_row_number = origin.row_number"
        " where source = $source and entity = $entity"
        " order by waiting.first_load_id, waiting.first_row_number",
        of_entity,
    )
    path, is_new = _write(cursor, header, place, f"{entity.name}_waiting_{last_load}")
    drop_temporary_tables(con)
    return Export(path, entity.source, rows, is_new)


def _columns_of_unread(con: duckdb.DuckDBPyConnection, entity: Entity) -> set[str]:
    """The contract's columns that a file had of which a line could not be read."""
    absent = con.execute(
        "select distinct absent_columns from landing.files where (source, entity, file_id) in"
        " (select (source, entity, file_id) from landing.quarantine where source = ?"
        " and entity = ? and returned_at is null and column_name is null)",
        [entity.source, entity.name],
    ).fetchall()
    everything = {column.name for column in entity.accepted_columns}
    return {name for (missing,) in absent for name in everything - set(missing)}


def _write(
    cursor: duckdb.DuckDBPyConnection, header: list[str], place: Path, name: str
) -> tuple[Path, bool]:
    """Write a file all at once, for nobody else to read; its path, and whether it is new."""
    for folder in (place.parent, place):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    half = place / f".{name}"
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
            writer.writerows(rows)
    path = place / f"{name}_{_digest(half)}.csv"
    if path.exists():
        half.unlink()
        return path, False
    half.replace(path)
    return path, True


def _earlier(place: Path, entity: Entity) -> list[Path]:
    pattern = re.compile(re.escape(entity.name) + r"_waiting_\d+_[0-9a-f]{8}[.]csv")
    return sorted(path for path in place.glob("*.csv") if pattern.fullmatch(path.name))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]


def main() -> None:
    settings = load_settings()
    contract = load_contract(PROJECT_DIR / "models")
    try:
        with run_lock(settings, "make quarantine", print), open_warehouse(settings) as con:
            create_raw_tables(con, contract)
            exports, changed = export_waiting(con, contract, settings.private_dir / "quarantine")
    except (duckdb.Error, OSError) as error:
        if known := advice(told(error), settings):
            raise SystemExit(known) from error
        raise
    for path in changed:
        print(f"{path}: was changed by hand and stays as it is; land it or delete it")
    for export in exports:
        print(f"{export.path}: {export.rows:,} rows" + ("" if export.is_new else ", as before"))
    if not exports:
        print("no row waits in quarantine")
        return
    print(
        "Each row says in _reasons what is wrong with it, and _line holds a line that could not be"
        " read. Correct the values, leave _quarantine_id as it is, save as CSV UTF-8, move the file"
        f" to {settings.extracts_dir}/<source>/ and land it. Rows left out go on waiting."
    )


if __name__ == "__main__":
    main()
