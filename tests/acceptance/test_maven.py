"""A CRM export that nobody here wrote gives the figures that others published for it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT_DIR
from tests.environment import environment_of, run

DATA = Path(os.environ.get("KPI_SHARED_DATA", PROJECT_DIR.parent / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not (DATA / "maven_crm").is_dir(),
    reason=f"the Maven Analytics CRM data is not in {DATA / 'maven_crm'}",
)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((DATA / "reference_figures.json").read_text())
    maven: dict[str, Any] = figures["maven_crm"]
    return maven


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Marts built from the source `maven` alone."""
    folder = tmp_path_factory.mktemp("maven")
    extracts = folder / "extracts/maven"
    extracts.mkdir(parents=True)
    for entity in ("accounts", "products", "sales_pipeline", "sales_teams"):
        shutil.copy(DATA / "maven_crm" / f"{entity}.csv", extracts)
    environment = {**os.environ, **environment_of(folder, "2017-12-31")}
    run("python", "-m", "orchestration.landing", environment=environment)
    run(
        *("dbt", "--quiet", "--no-partial-parse", "build"),
        *("--exclude-resource-type", "unit_test"),
        *("--vars", "sources: [maven]"),
        environment=environment,
    )
    with duckdb.connect(str(folder / "release.duckdb"), read_only=True) as con:
        yield con


def headline(
    release: duckdb.DuckDBPyConnection, kpi: str, grain: str, dimension: str = "all"
) -> dict[tuple[str, str], tuple[float, float, float]]:
    """(period, member) -> numerator, denominator, value of the headline of a KPI."""
    rows = release.execute(
        """
        select
            cast(period_start as varchar), dimension_value,
            cast(numerator as double), cast(denominator as double), kpi_value
        from scorecard.kpi_values
        where kpi_id = ? and variant = 'headline' and period_grain = ? and dimension = ?
        """,
        [kpi, grain, dimension],
    ).fetchall()
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


def test_won_lost_and_win_rate(
    release: duckdb.DuckDBPyConnection, published: dict[str, Any]
) -> None:
    stages = dict(published["opps_by_stage"])
    won, decided, rate = headline(release, "win_rate", "year")["2017-01-01", "all"]
    assert won == stages["Won"] == 4238
    assert decided - won == stages["Lost"] == 2473
    assert rate * 100 == pytest.approx(published["win_rate_closed_pct"], abs=1e-4)


def test_revenue_deal_size_and_cycle(
    release: duckdb.DuckDBPyConnection, published: dict[str, Any]
) -> None:
    bookings = headline(release, "bookings_amount", "year")["2017-01-01", "all"]
    assert bookings[0] == published["won_revenue"] == 10_005_534
    size = headline(release, "avg_deal_size", "year")["2017-01-01", "all"]
    assert size[2] == pytest.approx(published["avg_won_deal"], abs=1e-4)
    cycle = headline(release, "sales_cycle_length", "year")["2017-01-01", "all"]
    assert cycle[2] == pytest.approx(published["cycle_days[won,lost,closed]"][0], abs=1e-4)


def test_quarters(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    rates = headline(release, "win_rate", "quarter")
    bookings = headline(release, "bookings_amount", "quarter")
    for quarter, won, lost, revenue in published["by_quarter[q,won,lost,revenue]"]:
        first_month = 3 * int(quarter[-1]) - 2
        key = (f"{quarter[:4]}-{first_month:02}-01", "all")
        assert rates[key][:2] == (won, won + lost)
        assert bookings[key][0] == revenue


def test_regions(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    rates = headline(release, "win_rate", "year", "region")
    bookings = headline(release, "bookings_amount", "year", "region")
    for region, revenue, won, win_percent in published["by_region[region,revenue,won,win_pct]"]:
        key = ("2017-01-01", region)
        assert rates[key][0] == won
        assert rates[key][2] * 100 == pytest.approx(win_percent, abs=1e-4)
        assert bookings[key][0] == revenue


def test_managers_and_agents(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    for figures, dimension in (("by_manager", "team"), ("top_agents", "rep")):
        bookings = headline(release, "bookings_amount", "year", dimension)
        deals = headline(release, "deals_won", "year", dimension)
        for name, revenue, won in published[figures]:
            key = ("2017-01-01", f"maven:{name}")
            assert bookings[key][0] == revenue
            assert deals[key][0] == won


def test_products_with_the_misspelt_one_mended_by_its_alias(
    release: duckdb.DuckDBPyConnection, published: dict[str, Any]
) -> None:
    rows = release.execute(
        """
        select products.product_name, cast(sum(deals.amount) as double), count(*)
        from core.fct_opportunity_products as deals
        inner join core.dim_products as products using (product_id)
        where deals.outcome = 'won'
        group by products.product_name
        """
    ).fetchall()
    spelt = {"GTXPro": "GTX Pro"}
    expected = {(spelt.get(row[0], row[0]), row[1], row[2]) for row in published["by_product"]}
    assert set(rows) == expected
