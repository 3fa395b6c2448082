"""The pipeline in processes that a test may kill, and companies that tests build on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.acceptance.companies import SMALL
from tests.environment import REFRESH, environment_of, new_home, run
from tests.reliability.canaries import SECRET, CanaryRun, plant
from tests.reliability.company import Company
from tests.reliability.pipeline import Pipeline


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    running = Pipeline(tmp_path_factory.mktemp("pipeline"), SMALL.as_of.isoformat())
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="session")
def company(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A small company that has landed. Take a copy; nobody may change this one."""
    made = Company(pipeline, tmp_path_factory.mktemp("company"))
    made.prepare()
    return made


@pytest.fixture(scope="session")
def canary_run(tmp_path_factory: pytest.TempPathFactory) -> CanaryRun:
    """The demo company with canaries after one run of the job. Nobody may change its folder."""
    folder = tmp_path_factory.mktemp("canaries")
    new_home(folder)
    (folder / "tmp").mkdir()
    environment = {
        **os.environ,
        **environment_of(folder),
        "DEMO_SCALE": "0.01",
        "KPI_DEMO_TRUTHS": str(folder / "extracts/standard/README.json"),
        "TMPDIR": str(folder / "tmp"),
        # Nothing reads them; whatever copies its environment is caught.
        "KPI_SECRET_CANARY": f"{SECRET}-kpi",
        "DBT_ENV_SECRET_CANARY": f"{SECRET}-dbt",
        "CRM_API_TOKEN": f"{SECRET}-api",
        "PGPASSWORD": f"{SECRET}-password",
    }
    run("python", "-m", "demo", environment=environment)
    planted = plant(folder / "extracts")
    said = run(*REFRESH, environment=environment)
    said += run("python", "-m", "orchestration.scorecard", environment=environment)
    said += run("python", "-m", "orchestration.landing", environment=environment)
    return CanaryRun(folder, environment, planted, said)
