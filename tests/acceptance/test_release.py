"""What is in the published file, and what is not."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import duckdb
import yaml

from orchestration.landing import load_contract
from orchestration.settings import PROJECT_DIR
from tests.acceptance.conftest import DemoRun

KPI_SHAPE = [
    *("kpi_id", "variant", "time_basis", "period_grain", "period_start"),
    *("dimension", "dimension_value", "numerator", "denominator", "kpi_value"),
    *("sample_size", "p50", "p90", "ci_low", "ci_high", "is_complete_period", "is_matured"),
]
AREAS = {
    "revenue", "pipeline", "funnel", "outreach", "marketing", "customers", "pricing", "people",
}  # fmt: skip
# Queries of the pages that are for another file than the published one.
NOTHING_YET = "scorecard.kpi_restatement"  # a first release has restated nothing
OTHER_FILE = re.compile(r"\blanding\.|\{\{|\bconformed\.|\braw\.")


def columns(release: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    """(schema, table) -> column -> type, of everything a reader finds."""
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for schema, table, column, kind in release.execute(
        """
        select table_schema, table_name, column_name, data_type from information_schema.columns
        where table_catalog = current_database() order by ordinal_position
        """
    ).fetchall():
        found[schema, table][column] = kind
    return found


def test_marts_only(demo_release: duckdb.DuckDBPyConnection) -> None:
    schemas = {schema for schema, _ in columns(demo_release)}
    assert schemas == AREAS | {"core", "scorecard", "analyses", "records"}


def test_every_kpi_has_the_one_shape(demo_release: duckdb.DuckDBPyConnection) -> None:
    shapes = {
        table: found for (schema, table), found in columns(demo_release).items() if schema in AREAS
    }
    assert len(shapes) == 112
    reference = shapes["win_rate"]
    assert list(reference) == KPI_SHAPE
    for table, found in shapes.items():
        assert list(found.items()) == list(reference.items()), table


def test_every_kpi_that_counts_lists_what_it_counted(
    demo_release: duckdb.DuckDBPyConnection,
) -> None:
    """The views of records, surveys of employees apart, which nobody may read one by one."""
    found = {table for schema, table in columns(demo_release) if schema == "records"}
    rows = demo_release.execute(
        "select kpi_id from scorecard.kpi_catalogue where has_records"
    ).fetchall()
    assert {kpi for (kpi,) in rows} - found == {"enps", "employee_survey_item_score"}
    assert len(found) > 100
    for table in found:
        assert demo_release.execute(f"select count(*) from records.{table}").fetchone() != (0,)


def test_every_column_that_is_not_of_a_kpi_is_described(
    demo_release: duckdb.DuckDBPyConnection,
) -> None:
    described: dict[str, dict[str, str]] = {}
    for path in (PROJECT_DIR / "models/marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            described[model["name"]] = {
                column["name"]: column.get("description", "") for column in model.get("columns", [])
            }
    for (schema, table), found in columns(demo_release).items():
        if schema in ("core", "scorecard", "analyses"):
            assert set(described[table]) == set(found), table
            assert all(text.strip() for text in described[table].values()), table


def test_the_file_explains_itself(demo_release: duckdb.DuckDBPyConnection) -> None:
    """Every table, view and column carries its description as a comment, KPI tables too."""
    silent = demo_release.execute(
        """
        select table_name, column_name from duckdb_columns()
        where database_name = current_database() and not internal and comment is null
            and schema_name <> 'records'
        union all
        select table_name, null from duckdb_tables()
        where database_name = current_database() and comment is null
        union all
        select view_name, null from duckdb_views()
        where database_name = current_database() and not internal and comment is null
        """
    ).fetchall()
    assert silent == []


def queries() -> list[tuple[str, str]]:
    """Every query of the documentation that reads the published file: (where, text)."""
    found = []
    for path in [PROJECT_DIR / "README.md", *sorted((PROJECT_DIR / "docs").rglob("*.md"))]:
        if path.name == "peers.md":
            continue  # its queries read the rows of unit tests, and tests/structure runs them
        for block in re.findall(r"```sql\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            text = "\n".join(line.split("--")[0] for line in block.splitlines())
            found += [
                (path.name, query)
                for query in text.split(";")
                if query.strip() and not OTHER_FILE.search(query)
            ]
    return found


def test_every_query_of_the_documentation_answers(
    demo_release: duckdb.DuckDBPyConnection,
) -> None:
    """A reader copies them: each runs, and finds something in the demo company."""
    asked = queries()
    assert len(asked) >= 112
    silent = [
        f"{page}: {query}"
        for page, query in asked
        if demo_release.execute(query).fetchone() is None and NOTHING_YET not in query
    ]
    assert silent == []


def test_no_identifier_of_a_person_outside_the_company(
    demo_run: DemoRun, demo_release: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Every value of every column that the contract marks as pii, looked for in every text."""
    contract = load_contract(PROJECT_DIR / "models")["standard"]
    marked = [
        (entity.table, column.name, column.pii_where)
        for entity in contract.entities.values()
        for column in entity.columns
        if column.pii
    ]
    assert ("standard__contacts", "email", None) in marked
    release = columns(demo_release)
    with duckdb.connect(str(tmp_path / "search.duckdb")) as con:
        con.execute(f"attach '{demo_run.warehouse}' as warehouse (read_only)")
        con.execute(f"attach '{demo_run.published.resolve()}' as published (read_only)")
        con.execute(
            "create table secrets as "
            + " union ".join(
                f"select lower({column}) as value from warehouse.raw.{table} where {column} <> ''"
                + (f" and {where[0]} = '{where[1]}'" if where else "")
                for table, column, where in marked
            )
        )
        row = con.execute("select count(*) from secrets").fetchone()
        assert row is not None
        assert row[0] > 1000
        searched = 0
        for (schema, table), found in release.items():
            if (schema, table) == ("scorecard", "kpi_values"):
                continue  # a view of the KPI tables, which are searched themselves
            for column, kind in found.items():
                if kind == "VARCHAR":
                    searched += 1
                    hit = con.execute(
                        f"""
                        select 1 from published."{schema}"."{table}"
                        where lower("{column}") in (select value from secrets) limit 1
                        """
                    ).fetchone()
                    assert hit is None, f"{schema}.{table}.{column}"
        assert searched > 100
