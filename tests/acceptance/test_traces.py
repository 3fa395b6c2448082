"""From a number to its records to the rows of the extract files, as an auditor goes."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT_DIR
from tests.acceptance.conftest import DemoRun
from tests.environment import run


@dataclass(frozen=True)
class Trace:
    """A cell, and the entity and column of the contract that its records are keys of."""

    cell: str  # area.kpi
    dimension: str
    entity: str
    key: str


TRACES = [
    Trace("pipeline.win_rate", "rep", "opportunities", "opportunity_id"),
    Trace("revenue.net_sales_revenue", "location", "invoice_lines", "invoice_line_id"),
    Trace("outreach.cold_calls_made", "rep", "activities", "activity_id"),
]


@pytest.fixture(scope="module")
def compiled(demo_run: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The SQL that lists who counted for each KPI, from dbt itself."""
    target = tmp_path_factory.mktemp("traces") / "target"
    kpis = [trace.cell.split(".")[1] for trace in TRACES]
    run(  # in a process of its own: this one holds the published file open to read
        *("dbt", "--quiet", "compile", "-s", *kpis),
        *("--vars", json.dumps({"kpi_output": "records"})),
        environment={
            **demo_run.environment,
            "KPI_RELEASE": str(demo_run.published.resolve()),
            "DBT_TARGET_PATH": str(target),
            "DBT_PROFILES_DIR": str(PROJECT_DIR),
        },
    )
    found = {path.stem: path.read_text(encoding="utf-8") for path in target.rglob("kpis/*/*.sql")}
    return {kpi: found[kpi] for kpi in kpis}


def row_of_file(path: Path, number: int) -> str:
    """What stands in a row of an extract file; the numbers are those of landing."""
    if path.suffix == ".parquet":
        with duckdb.connect() as con:
            found = con.execute(
                f"select to_json(r) from (select * from '{path}' limit 1 offset {number - 1}) as r"
            ).fetchone()
        assert found is not None
        return str(found[0])
    with (
        gzip.open(path, "rt", encoding="utf-8", newline="")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8", newline="")
    ) as file:
        for line, row in enumerate(csv.reader(file), start=1):
            if line == number:
                return ",".join(row)
    raise AssertionError(f"{path} has no row {number}")


@contextmanager
def auditor(demo_run: DemoRun) -> Iterator[duckdb.DuckDBPyConnection]:
    """The private warehouse and the published file, both read-only, while no run goes on."""
    with duckdb.connect() as con:
        con.execute(f"attach '{demo_run.warehouse}' as warehouse (read_only)")
        con.execute(f"attach '{demo_run.published.resolve()}' as release (read_only)")
        con.execute("use warehouse")
        yield con


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.cell)
def test_a_number_leads_to_rows_of_the_extracts(
    trace: Trace, compiled: dict[str, str], demo_run: DemoRun
) -> None:
    """The largest cell of December: its records add up to it, each stands in a file."""
    with auditor(demo_run) as con:
        follow(
            trace,
            compiled[trace.cell.split(".")[1]],
            con,
            Path(demo_run.environment["KPI_EXTRACTS"]),
        )


def follow(trace: Trace, compiled: str, auditor: duckdb.DuckDBPyConnection, extracts: Path) -> None:
    """From the cell to its records, from the records to rows, from the rows to lines of files."""
    area, kpi = trace.cell.split(".")
    cell = auditor.execute(
        f"""
        select dimension_value, numerator, sample_size from release.{area}.{kpi}
        where variant = 'headline' and period_grain = 'month' and dimension = ?
            and period_start = date '2025-12-01' and dimension_value <> 'unassigned'
        order by sample_size desc, dimension_value limit 1
        """,
        [trace.dimension],
    ).fetchone()
    assert cell is not None
    member, numerator, size = cell
    assert size > 0

    records = auditor.execute(
        f"""
        select record_id, cast(numerator as decimal(18, 6)) from (
            {compiled}
        ) as records
        where variant = 'headline' and {trace.dimension} = ?
            and occurred_on between date '2025-12-01' and date '2025-12-31'
        """,
        [member],
    ).fetchall()
    assert len(records) == size
    assert sum(value for _, value in records) == numerator

    rows: list[Any] = auditor.execute(
        f"""
        select raw.{trace.key}, files.path, raw._row_number
        from warehouse.raw.standard__{trace.entity} as raw
        inner join warehouse.landing.files as files on raw._file_id = files.file_id
        where raw.{trace.key} in (select unnest(?))
        qualify row_number() over (
            partition by raw.{trace.key} order by raw._load_id desc, raw._row_number desc
        ) = 1
        """,
        [[record for record, _ in records]],
    ).fetchall()
    assert {key for key, _, _ in rows} == {record for record, _ in records}
    for key, path, number in rows[:20]:
        assert str(key) in row_of_file(extracts / path, number), f"{path}, row {number}"
