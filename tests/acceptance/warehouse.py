"""Warehouses built from rows: extract files, landing, dbt, and the release that readers get."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from orchestration.landing import create_raw_tables, land, load_contract
from orchestration.settings import PROJECT_DIR
from tests.environment import environment_of

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

LANDED_AT = datetime(2030, 1, 1, tzinfo=UTC)

# What no test of a random company reads.
LEFT_OUT = (
    "path:models/marts/analyses",
    "kpi_targets+",
    "kpi_scorecard+",
    "kpi_change_parts+",
    "sales_velocity_change",
    "mrr_bridge",
    "pipeline_bridge",
)

# Variables that decide which models and references there are; others are read while models run.
PARSED_VARIABLES = ("sources", "source_entities", "goal_measures", "dashboards")

# The project as dbt has parsed it, by those variables: parsing takes a third of a build, and
# descriptions, which one test of the demo company looks at, a tenth.
_parsed: dict[str, bytes] = {}


def as_text(value: Any) -> str:
    """A value as an extract file holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def write_extracts(rows: Rows, folder: Path, load: str = "1") -> None:
    """One CSV file for each entity, its rows in the order given."""
    target = folder / "standard"
    target.mkdir(parents=True, exist_ok=True)
    for entity, entity_rows in rows.items():
        if not entity_rows:
            continue
        columns = list(dict.fromkeys(column for row in entity_rows for column in row))
        with (target / f"{entity}_{load}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(
                [as_text(row.get(column)) for column in columns] for row in entity_rows
            )


class Warehouse:
    """A warehouse in a folder of its own, which takes any number of loads."""

    def __init__(self, folder: Path, as_of: date, variables: Mapping[str, Any] | None = None):
        self.folder = folder
        self.as_of = as_of
        self.variables = dict(variables or {})
        self.warehouse = folder / "private/warehouse.duckdb"
        self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        self.release = folder / "release.duckdb"
        self.published = folder / "published/sales_kpis.duckdb"
        self.loads = 0

    def load(self, rows: Rows) -> None:
        """Land rows as further extract files. Every row must be accepted."""
        self.loads += 1
        write_extracts(rows, self.folder / "extracts", f"{self.loads:03}")
        contract = load_contract(PROJECT_DIR / "models")
        with duckdb.connect(str(self.warehouse)) as con:
            create_raw_tables(con, contract)
            report = land(con, self.folder / "extracts", contract, LANDED_AT)
        lines = [result.summary() for result in report.files]
        assert not report.with_status("refused"), "\n".join(lines)
        assert not sum(result.rows_quarantined for result in report.files), "\n".join(lines)

    def build(self, select: Sequence[str] = (), full_refresh: bool = False) -> Path:
        """Run dbt without tests on `select`, else on all but LEFT_OUT; the path of the release."""
        result = self.dbt(
            "build",
            *("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"),
            *(("--select", *select) if select else ("--exclude", *LEFT_OUT)),
            *(("--full-refresh",) if full_refresh else ()),
        )
        failed = [
            f"{node.node.name}: {node.message}"
            for node in getattr(result.result, "results", None) or []
            if node.status not in ("success", "pass")
        ]
        assert result.success, "\n".join(failed) or str(result.exception)
        return self.release

    def dbt(self, command: str, *arguments: str) -> dbtRunnerResult:
        """Run a dbt command on this warehouse; what came of it, good or bad."""
        environment = environment_of(
            self.folder, self.as_of.isoformat(), KPI_RELEASE=str(self.release)
        )
        return run_parsed([command, *arguments], environment, self.variables)


def run_parsed(
    command: Sequence[str],
    environment: Mapping[str, str],
    variables: Mapping[str, Any] | None = None,
) -> dbtRunnerResult:
    """Run dbt in this process, on the project as it has been parsed once; good or bad."""
    chosen = dict(variables or {})
    with patch.dict(os.environ, environment):
        return run_dbt([*command, "--no-write-json"], chosen, _manifest(chosen))


def _manifest(variables: Mapping[str, Any]) -> Manifest:
    """The project as dbt has parsed it, without writing descriptions into the database."""
    shaping = {name: variables[name] for name in PARSED_VARIABLES if name in variables}
    parsed_as = json.dumps(shaping)
    if parsed_as not in _parsed:
        parsed: Any = run_dbt(["parse"], shaping).result
        for node in parsed.nodes.values():
            node.config.persist_docs = {}
        _parsed[parsed_as] = parsed.to_msgpack()
    manifest = Manifest.from_msgpack(_parsed[parsed_as])
    manifest.build_flat_graph()
    return manifest


def run_dbt(
    command: Sequence[str], variables: Mapping[str, Any], manifest: Manifest | None = None
) -> dbtRunnerResult:
    """Run dbt in this process, on the project as it stands or as it was parsed; good or bad."""
    project = ("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR))
    options = ("--quiet", "--log-level-file", "none", "--vars", json.dumps(dict(variables)))
    result = dbtRunner(manifest=manifest).invoke([*command, *options, *project])
    reset_adapters()
    DuckDBConnectionManager.close_all_connections()
    return result


def build(
    rows: Rows, tmp_path: Path, as_of: date, variables: Mapping[str, Any] | None = None
) -> Path:
    """A warehouse from rows, in one load; the path of its release."""
    warehouse = Warehouse(tmp_path, as_of, variables)
    warehouse.load(rows)
    return warehouse.build()


def query(release: Path, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Rows of a release, read as a reader does."""
    with duckdb.connect(str(release), read_only=True) as con:
        return con.execute(sql, list(parameters)).fetchall()
