"""What was published stays known: what it said, what was restated and why, and the past itself."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publish import publish
from tests.acceptance.companies import SMALL, Row
from tests.acceptance.warehouse import Warehouse, query

RAISED_BY = Decimal("1000.00")
OF_PUBLICATIONS = [
    "int_past_publications", "int_past_values", "publication", "publications", "kpi_history",
    "kpi_restatements", "kpi_restatement_records",
]  # fmt: skip


@dataclass(frozen=True)
class Published:
    """Two publications of a company; between them one deal of the past was corrected."""

    warehouse: Warehouse
    first: Path
    second: Path
    deal: dict[str, Any]
    month: Any


def publish_next(warehouse: Warehouse, name: str, select: Sequence[str] = ()) -> Path:
    warehouse.release = warehouse.folder / f"releases/kpis_{name}.duckdb"
    release = warehouse.build(select)
    publish(release, warehouse.published, kept=5)
    return release


@pytest.fixture(scope="module")
def published(
    small_company: dict[str, list[Row]],
    small_warehouse: Warehouse,
    tmp_path_factory: pytest.TempPathFactory,
) -> Published:
    warehouse = Warehouse(tmp_path_factory.mktemp("history"), SMALL.as_of, SMALL.variables)
    first = warehouse.folder / "releases/kpis_first.duckdb"
    first.parent.mkdir()
    shutil.copy(small_warehouse.warehouse, warehouse.warehouse)
    shutil.copy(small_warehouse.release, first)
    publish(first, warehouse.published, kept=5)
    ((deal_id, month),) = query(
        first,
        "select opportunity_id, date_trunc('month', closed_on)::date"
        " from core.fct_opportunities, scorecard.publication"
        " where is_won and opportunity_type <> 'renewal' and amount > 0"
        " and currency = reporting_currency and closed_on < as_of_date - 200"
        " order by 1 limit 1",
    )
    deal = corrected(small_company["opportunities"], deal_id)
    warehouse.load({"opportunities": [deal]})
    return Published(warehouse, first, publish_next(warehouse, "second"), deal, month)


def corrected(versions: Sequence[Row], deal_id: str) -> dict[str, Any]:
    """The last version of a deal, with a higher amount, as it is sent again."""
    last = max(
        (row for row in versions if row["opportunity_id"] == deal_id),
        key=lambda row: row["updated_at"],
    )
    return {
        **last,
        "amount": last["amount"] + RAISED_BY,
        "updated_at": last["updated_at"] + timedelta(hours=1),
    }


def test_a_restatement_says_by_how_much_and_because_of_which_record(published: Published) -> None:
    """One deal is worth 1,000 more: so are its month, its quarter, its year, and nothing else."""
    restated = query(
        published.second,
        "select period_grain, period_start, dimension, dimension_value,"
        " numerator_after - numerator_before, cause from scorecard.kpi_restatements"
        " where kpi_id = 'bookings_amount' and variant = 'headline'",
    )
    assert {row[0] for row in restated} == {"month", "quarter", "year"}
    assert ("month", published.month, "all", "all", RAISED_BY, "records") in restated
    assert {(row[4], row[5]) for row in restated} == {(RAISED_BY, "records")}
    records = query(
        published.second,
        "select distinct record_id, change, numerator_before, numerator_after"
        " from scorecard.kpi_restatement_records"
        " where kpi_id = 'bookings_amount' and variant = 'headline'",
    )
    amount = published.deal["amount"]
    assert records == [(published.deal["opportunity_id"], "changed", amount - RAISED_BY, amount)]


def test_the_records_of_a_restatement_add_up_to_it(published: Published) -> None:
    """For every restated sum that names records, and every such sum names some."""
    wrong = query(
        published.second,
        "select cells.kpi_id, cells.variant, cells.dimension, numerator_after - numerator_before,"
        " (select sum(coalesce(r.numerator_after, 0) - coalesce(r.numerator_before, 0))"
        "  from scorecard.kpi_restatement_records as r where r.kpi_id = cells.kpi_id"
        "  and r.variant = cells.variant and r.period_grain = cells.period_grain"
        "  and r.period_start = cells.period_start and r.dimension = cells.dimension"
        "  and r.dimension_value = cells.dimension_value) as explained"
        " from scorecard.kpi_restatements as cells"
        # A deal that used two pieces of collateral counts once, and has two records.
        " where cause = 'records' and kpi_id <> 'collateral_influenced_revenue'"
        " and explained is distinct from numerator_after - numerator_before",
    )
    assert wrong == []


def test_only_what_the_deal_is_part_of_was_restated(published: Published) -> None:
    restated = query(
        published.second,
        "select kpi_id, count(*) from scorecard.kpi_restatements group by kpi_id order by kpi_id",
    )
    kpis = {kpi for kpi, _ in restated}
    assert {"bookings_amount", "avg_deal_size"} <= kpis
    assert not kpis & {"deals_won", "nps", "new_leads", "net_sales_revenue", "enps"}
    # The cells that differ between the two files are those listed.
    with duckdb.connect() as con:
        con.execute(f"attach '{published.first}' as first (read_only)")
        con.execute(f"attach '{published.second}' as second (read_only)")
        differing = con.execute(
            "select count(*) from first.scorecard.kpi_values as a"
            " join second.scorecard.kpi_values as b using (kpi_id, variant, time_basis,"
            "  period_grain, period_start, dimension, dimension_value)"
            " where period_grain in ('month', 'quarter', 'year')"
            " and a.is_complete_period and a.is_matured and (a.numerator is distinct from"
            "  b.numerator or a.denominator is distinct from b.denominator)"
        ).fetchone()
    assert differing is not None
    assert differing[0] == sum(count for _, count in restated) > 0


def test_history_keeps_what_was_said(published: Published) -> None:
    said = query(
        published.second,
        "select publication_number, release, numerator from scorecard.kpi_history"
        " where kpi_id = 'bookings_amount' and variant = 'headline' and period_grain = 'month'"
        f" and period_start = '{published.month}' and dimension = 'all' order by 1",
    )
    assert [row[:2] for row in said] == [(1, "release"), (2, "kpis_second")]
    assert said[1][2] - said[0][2] == RAISED_BY
    first = query(
        published.first,
        "select numerator from scorecard.kpi_values where kpi_id = 'bookings_amount'"
        " and variant = 'headline' and period_grain = 'month' and dimension = 'all'"
        f" and period_start = '{published.month}'",
    )
    assert first == [(said[0][2],)]


def test_the_past_is_built_again_from_what_had_landed(published: Published, tmp_path: Path) -> None:
    """With the as_of_date and the last load of a publication, every cell of it comes out again."""
    ((as_of, last_load),) = query(
        published.second,
        "select as_of_date, last_load_id from scorecard.publications where publication_number = 1",
    )
    past = Warehouse(tmp_path, as_of, {**SMALL.variables, "last_load": last_load})
    shutil.copy(published.warehouse.warehouse, past.warehouse)
    with pytest.raises(AssertionError, match="last_load needs --full-refresh"):
        past.build(["opportunities"])
    past.build(["+kpi_values"], full_refresh=True)
    cells = "select * from scorecard.kpi_values order by all"
    assert query(past.release, cells) == query(published.first, cells)
    assert query(published.second, cells) != query(published.first, cells)


def test_publishing_again_says_nothing_anew(published: Published) -> None:
    """The same data once more: a third publication, and no further row of history."""
    history = "select * from scorecard.kpi_history order by all"
    restatements = "select * from scorecard.kpi_restatement_records order by all"
    third = published.second.with_name("kpis_third.duckdb")
    shutil.copy(published.second, third)
    assert publish_next(published.warehouse, "third", OF_PUBLICATIONS) == third
    assert query(third, history) == query(published.second, history)
    assert query(third, restatements) == query(published.second, restatements)
    assert query(third, "select release from scorecard.publications order by all") == [
        ("kpis_second",), ("kpis_third",), ("release",),
    ]  # fmt: skip
