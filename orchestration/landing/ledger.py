"""The tables that landing writes: one raw table for each entity, and the ledger."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from orchestration.landing.contract import Entity, Source
from orchestration.landing.names import quoted

_LEDGER = """
create schema if not exists raw;
create schema if not exists landing;

create table if not exists landing.files (
    file_id varchar not null,          -- sha256 of the content, decompressed
    source varchar not null,
    entity varchar not null,
    path varchar not null,             -- relative to the extracts folder
    content_hash varchar not null,
    size_bytes bigint not null,        -- as stored, compressed or not
    modified_ns bigint not null,       -- nanoseconds since 1970
    encoding varchar,                  -- null for Parquet
    rows_read bigint not null,         -- accepted + quarantined + duplicate
    rows_accepted bigint not null,
    rows_quarantined bigint not null,
    rows_duplicate bigint not null,    -- replaced by a later row of the same key in the file
    load_id bigint not null,
    started_at timestamptz not null,
    ended_at timestamptz not null,
    unknown_columns varchar[] not null,
    absent_columns varchar[] not null
);

create table if not exists landing.quarantine (
    file_id varchar not null,
    source varchar not null,
    entity varchar not null,
    path varchar not null,
    row_number bigint not null,
    column_name varchar,               -- null where the whole row cannot be read
    value varchar,
    reason varchar not null,
    row_text varchar,                  -- the line, or the row as JSON
    load_id bigint not null,
    loaded_at timestamptz not null
);

create table if not exists landing.refusals (
    path varchar not null,
    source varchar not null,
    reason varchar not null,
    seen_at timestamptz not null
);
"""

_ADDED_COLUMNS = {
    "_extra": "varchar",  # JSON object of the columns that the contract does not know
    "_file_id": "varchar",
    "_row_number": "bigint",
    "_load_id": "bigint",
    "_loaded_at": "timestamptz",
}


def create_raw_tables(con: duckdb.DuckDBPyConnection, contract: Mapping[str, Source]) -> None:
    """Create what is missing of the schemas `raw` and `landing`; never drops or retypes anything.

    Values are kept as text, as they arrived: a staging model that reads them differently tomorrow
    needs no file to be landed again.
    """
    con.execute(_LEDGER)
    present: dict[str, set[str]] = {}
    for table, column in con.execute(
        "select table_name, lower(column_name) from duckdb_columns() "
        "where schema_name = 'raw' and database_name = current_database()"
    ).fetchall():
        present.setdefault(table.lower(), set()).add(column)
    for source in contract.values():
        for entity in source.entities.values():
            _create(con, entity, present.get(entity.table.lower()))


def raw_table(entity: Entity) -> str:
    """The raw table of an entity, quoted for SQL."""
    return f"raw.{quoted(entity.table)}"


def _create(con: duckdb.DuckDBPyConnection, entity: Entity, present: set[str] | None) -> None:
    columns = {column.name: "varchar" for column in entity.accepted_columns} | _ADDED_COLUMNS
    if present is None:
        listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
        con.execute(f"create table {raw_table(entity)} ({listed})")
        return
    for name, kind in columns.items():
        if name.lower() not in present:
            con.execute(f"alter table {raw_table(entity)} add column {quoted(name)} {kind}")
