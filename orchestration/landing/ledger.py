"""The tables that landing writes: one raw table for each entity, and the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

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

# Columns that a warehouse of an earlier version lacks; with each what it is in the rows of then.
_LATER_COLUMNS = (
    # Nanoseconds since 1970 at which the file system last saw a change; null: read it once more.
    ("files", "changed_ns", "bigint", "null"),
    # What was read otherwise than it was written.
    ("files", "notes", "varchar[]", "null"),
    # How the file was to be read, as JSON, where it or its table declares something.
    ("files", "declaration", "varchar", "null"),
    # The file_id of a later reading of the same content, which has taken its rows' place.
    ("files", "replaced_by", "varchar", "null"),
    # What is declared of the values of the column, where the value does not follow it.
    ("quarantine", "declaration", "varchar", "null"),
    # The row's values before they were read as declared, as JSON.
    ("quarantine", "original", "varchar", "null"),
    # One for each row that waits, also where it has several problems.
    ("quarantine", "quarantine_id", "varchar", "left(file_id, 16) || '-' || row_number"),
    # The row's columns that the contract does not know, as JSON.
    ("quarantine", "extra", "varchar", "null"),
    # The rules that the row was judged by.
    ("quarantine", "contract_digest", "varchar", "null"),
    # The place where the row stood when it first arrived; of a row sent again, its first place.
    ("quarantine", "first_load_id", "bigint", "load_id"),
    ("quarantine", "first_row_number", "bigint", "row_number"),
    # Where the row has come back, whether it was accepted there or not; null while it waits.
    ("quarantine", "returned_file_id", "varchar", "null"),
    ("quarantine", "returned_row_number", "bigint", "null"),
    ("quarantine", "returned_at", "timestamptz", "null"),
)

_WAITING = """
create or replace view landing.waiting as
select
    quarantined.source,
    quarantined.entity,
    quarantined.path,
    quarantined.row_number,
    quarantined.quarantine_id,
    string_agg(quarantined.reason, '; ' order by quarantined.reason) as reasons,
    quarantined.first_load_id,
    quarantined.first_row_number,
    min(coalesce(first_file.started_at, quarantined.loaded_at)) as waiting_since
from landing.quarantine as quarantined
left join landing.files as first_file on quarantined.first_load_id = first_file.load_id
where quarantined.returned_at is null
group by all
"""

_ADDED_COLUMNS = {
    "_extra": "varchar",  # JSON object of the columns that the contract does not know
    "_original": "varchar",  # JSON object of values as they arrived, where they were read otherwise
    "_file_id": "varchar",
    "_row_number": "bigint",
    "_load_id": "bigint",
    "_loaded_at": "timestamptz",
    "_first_load_id": "bigint",  # of a row that waited in quarantine: where it first arrived
    "_first_row_number": "bigint",
}


def create_raw_tables(con: duckdb.DuckDBPyConnection, contract: Mapping[str, Source]) -> None:
    """Create what is missing of the schemas `raw` and `landing`; never drops or retypes anything.

    Values are kept as text, as they arrived: a staging model that reads them differently tomorrow
    needs no file to be landed again.
    """
    con.execute(_LEDGER)
    _add_later_columns(con)
    con.execute(_WAITING)
    present: dict[str, set[str]] = {}
    for table, column in con.execute(
        "select table_name, lower(column_name) from duckdb_columns() "
        "where schema_name = 'raw' and database_name = current_database()"
    ).fetchall():
        present.setdefault(table.lower(), set()).add(column)
    for source in contract.values():
        for entity in source.entities.values():
            _create(con, entity, present.get(entity.table.lower()))


def _add_later_columns(con: duckdb.DuckDBPyConnection) -> None:
    present = set(
        con.execute(
            "select table_name, column_name from duckdb_columns()"
            " where schema_name = 'landing' and database_name = current_database()"
        ).fetchall()
    )
    missing = [column for column in _LATER_COLUMNS if column[:2] not in present]
    if not missing:
        return
    with transaction(con):
        for table, name, kind, _ in missing:
            con.execute(f"alter table landing.{table} add column {name} {kind}")
        for table, name, _, then in missing:
            if then != "null":
                con.execute(f"update landing.{table} set {name} = {then}")


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of what happens inside, or nothing of it."""
    con.execute("begin")
    try:
        yield
        con.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # a full disk has ended the transaction already
            con.execute("rollback")
        raise


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
