"""Warehouses that several acceptance tests read, built once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_DIR
from tests.acceptance.companies import Shape, generate
from tests.acceptance.warehouse import build
from tests.environment import REFRESH, environment_of, new_home, run

DEMO_AS_OF = "2025-12-31"


@dataclass(frozen=True)
class DemoRun:
    """The demo company after one run of the job: where its files are."""

    environment: dict[str, str]
    truths: Path
    warehouse: Path
    published: Path
    log: str


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo company at a third of its size, through the whole Dagster job."""
    folder = tmp_path_factory.mktemp("demo")
    new_home(folder)
    environment = {
        **os.environ,
        **environment_of(folder, DEMO_AS_OF, DBT_TARGET_PATH=str(PROJECT_DIR / "target")),
        "DEMO_SCALE": "0.3",
        "KPI_DEMO_TRUTHS": str(folder / "truths.json"),
    }
    run("python", "-m", "demo", environment=environment)
    log = run(*REFRESH, environment=environment)
    return DemoRun(
        environment=environment,
        truths=folder / "truths.json",
        warehouse=folder / "private/warehouse.duckdb",
        published=folder / "published/sales_kpis.duckdb",
        log=log,
    )


@pytest.fixture(scope="session")
def demo_truths_file(demo_run: DemoRun) -> Path:
    return demo_run.truths


@pytest.fixture(scope="session")
def demo_release(demo_run: DemoRun) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, opened as a reader opens it."""
    with duckdb.connect(str(demo_run.published), read_only=True) as con:
        yield con


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Shape], Path]:
    """The release of a random company, built when it is first asked for."""
    built: dict[str, Path] = {}

    def release(shape: Shape) -> Path:
        if shape.name not in built:
            folder = tmp_path_factory.mktemp(shape.name)
            built[shape.name] = build(generate(shape), folder, shape.as_of, shape.variables)
        return built[shape.name]

    return release
