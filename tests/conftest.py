"""What all folders of tests share: a small company, and which tests run in one worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.companies import SMALL, Row, generate
from tests.acceptance.oracle.world import KEYS
from tests.acceptance.warehouse import Warehouse
from tests.reliability.report import Outcome, write_page

SHARED = ("demo_run", "releases", "small_warehouse", "company", "canary_run")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the promises in their full sizes")
    parser.addoption("--reliability-page", type=Path, help="write what the promises came to here")


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the sizes are those of `make test-long`."""
    return bool(request.config.getoption("--long"))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Tells a figure of a promise's test: its name and what it came to, as text or number."""

    def record(name: str, value: object) -> None:
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        record_property("figure", f"{shown} {name}")

    return record


@pytest.fixture(scope="session")
def small_company() -> dict[str, list[Row]]:
    """Rows of a small company; only versions whose `updated_at` tells which is the later one."""
    kept: dict[str, list[Row]] = {}
    for entity, versions in generate(SMALL).items():
        last = {
            (*(row[column] for column in KEYS[entity]), row["updated_at"]): row for row in versions
        }
        kept[entity] = list(last.values())
    return kept


@pytest.fixture(scope="session")
def small_warehouse(
    small_company: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """The small company in one load, built. Nobody may change what is in its files."""
    warehouse = Warehouse(tmp_path_factory.mktemp("small"), SMALL.as_of, SMALL.variables)
    warehouse.load(small_company)
    warehouse.build()
    return warehouse


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = [name for name in SHARED if name in getattr(item, "fixturenames", ())]
        group = used[0] if used else item.nodeid.split("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
        for marker in item.iter_markers("promise"):
            item.user_properties.append(("promise", marker.args[0]))


@pytest.hookimpl
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--reliability-page") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Page(config.getoption("--reliability-page")))


class _Page:
    """Gathers outcomes from all workers and writes the page at the end."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.outcomes: list[Outcome] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        promises = [int(str(v)) for name, v in report.user_properties if name == "promise"]
        if promises and (report.when == "call" or report.outcome != "passed"):
            figures = [str(value) for name, value in report.user_properties if name == "figure"]
            self.outcomes += [
                Outcome(promise, report.nodeid, report.outcome, report.duration, tuple(figures))
                for promise in promises
            ]

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Iterator[None]:
        yield
        write_page(self.target, self.outcomes)
