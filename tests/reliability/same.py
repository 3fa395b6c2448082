"""Whether two database files hold the same rows, and whether a warehouse's books agree."""

from __future__ import annotations

from pathlib import Path

import duckdb

# Which load brought a row, and when, is not what the row says.
_OF_THE_RUN = {"_load_id", "_loaded_at", "loaded_at", "load_id", "started_at", "ended_at"}


def differences(left: Path, right: Path, schemas: tuple[str, ...] = ()) -> list[str]:
    """Each table that two files do not hold alike, as sets of rows with repetition."""
    with duckdb.connect() as con:
        con.execute(f"attach '{left}' as l (read_only); attach '{right}' as r (read_only)")
        tables = {name: _tables(con, name, schemas) for name in ("l", "r")}
        found = [f"{table} is in one only" for table in set(tables["l"]) ^ set(tables["r"])]
        assert tables["l"], "nothing to compare"
        for table in sorted(set(tables["l"]) & set(tables["r"])):
            columns = ", ".join(f'"{c}"' for c in tables["l"][table] if c not in _OF_THE_RUN)
            one, other = (f"select {columns} from {name}.{table}" for name in ("l", "r"))
            row = con.execute(
                f"select (select count(*) from ({one} except all {other})),"
                f" (select count(*) from ({other} except all {one}))"
            ).fetchone()
            if row != (0, 0):
                found.append(f"{table}: rows only left and only right: {row}")
    return found


def rows(path: Path) -> int:
    """Rows of all tables of a file."""
    with duckdb.connect(str(path), read_only=True) as con:
        row = con.execute("select sum(estimated_size) from duckdb_tables()").fetchone()
    assert row is not None
    return int(row[0])


def _tables(
    con: duckdb.DuckDBPyConnection, name: str, schemas: tuple[str, ...]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for schema, table, column in con.execute(
        "select c.schema_name, c.table_name, c.column_name from duckdb_columns() as c"
        " join duckdb_tables() as t using (database_name, schema_name, table_name)"
        " where c.database_name = ? order by c.column_index",
        [name],
    ).fetchall():
        if not schemas or schema in schemas:
            found.setdefault(f'"{schema}"."{table}"', []).append(column)
    return found


def check_books(warehouse: Path) -> int:
    """Ledger, raw rows and quarantine tell the same numbers for each file; how many files.

    Opens the warehouse for writing, so it fails where a lock has stayed.
    """
    with duckdb.connect(str(warehouse)) as con:
        tables = [
            name
            for (name,) in con.execute(
                "select table_name from duckdb_tables() where schema_name = 'raw'"
            ).fetchall()
        ]
        arrived = " union all ".join(
            f"select '{name}' as of_table, _file_id, count(*) as n from raw.{name} group by 2"
            for name in tables
        )
        wrong = con.execute(
            f"""
            with arrived as ({arrived}),
            waiting as (
                select source, entity, file_id, count(distinct row_number) as n
                from landing.quarantine group by all
            )
            select f.path, a._file_id, f.rows_read, f.rows_accepted, f.rows_duplicate, a.n, w.n
            from landing.files as f
            full join arrived as a
                on a._file_id = f.file_id and a.of_table = f.source || '__' || f.entity
            left join waiting as w
                on w.file_id = f.file_id and w.source = f.source and w.entity = f.entity
            where
                f.rows_accepted + f.rows_duplicate is distinct from coalesce(a.n, 0)
                or f.rows_quarantined is distinct from coalesce(w.n, 0)
                or f.rows_read <> f.rows_accepted + f.rows_duplicate + f.rows_quarantined
            """
        ).fetchall()
        assert not wrong, wrong
        row = con.execute("select count(*) from landing.files").fetchone()
    assert row is not None
    return int(row[0])
