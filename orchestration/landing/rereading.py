"""The same content read again, because how it is to be read has been declared, or corrected.

What a file says is in its bytes and its declaration together. So a new reading takes the place of
the earlier one: its rows go, and the new rows stand where those stood among the other files.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.landing import checks
from orchestration.landing.contract import Entity
from orchestration.landing.ledger import raw_table


@dataclass(frozen=True)
class Reading:
    """How a content was read last: where it lay, what was declared, and its file_id.

    `first_load_id` is the load of its first reading, `count` how many there were.
    """

    path: str
    declaration: str | None
    file_id: str
    first_load_id: int
    count: int


def replace_earlier(
    con: duckdb.DuckDBPyConnection, entity: Entity, earlier: Reading, file_id: str, now: datetime
) -> str:
    """Take the rows of an earlier reading out of raw and quarantine; returns a note about it.

    Runs inside of the transaction that has written the rows of the new one.
    """
    gone = _keys_gone(con, entity, earlier.file_id)
    con.execute(f"delete from {raw_table(entity)} where _file_id = ?", [earlier.file_id])
    place = [entity.source, entity.name, earlier.file_id]
    con.execute(
        "update landing.quarantine set returned_file_id = ?, returned_row_number = row_number,"
        " returned_at = ? where source = ? and entity = ? and file_id = ? and returned_at is null",
        [file_id, now, *place],
    )
    con.execute(
        "update landing.files set replaced_by = ? where source = ? and entity = ? and file_id = ?",
        [file_id, *place],
    )
    note = "replaces an earlier reading of the same content"
    if gone:
        note += f"; {gone:,} keys of that one are in no file now: build with --full-refresh"
    return note


def _keys_gone(con: duckdb.DuckDBPyConnection, entity: Entity, earlier: str) -> int:
    """Keys that only the earlier reading had; what is built from loads would keep their rows."""
    if not entity.key:
        return 0
    by_name = {column.name: column for column in entity.columns}
    key = ", ".join(checks.typed(by_name[name]) for name in entity.key)
    row = con.execute(
        f"select count(*) from (select {key} from {raw_table(entity)} where _file_id = ?"
        f" except select {key} from {raw_table(entity)} where _file_id <> ?)",
        [earlier, earlier],
    ).fetchone()
    return int(row[0]) if row else 0
