"""The pipeline in processes that a test may kill, and companies that tests build on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.companies import SMALL
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
