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

RAISED_BY, CAME_LATE = Decimal("1000.00"), Decimal("500.00")
OF_PUBLICATIONS = [
    "int_past_publications", "int_past_values", "publication", "publications", "kpi_history",
    "kpi_restatements", "kpi_restatement_records",
]  # fmt: skip


@dataclass(frozen=True)
class Published:
    """Two publications of a company. Between them three deals won long ago have changed: `raised`
    is worth 1,000 more, `taken_back` was deleted, and `came_late` stands in its place, worth 500.
    """

    warehouse: Warehouse
    first: Path
    second: Path
    raised: dict[str, Any]
    taken_back: dict[str, Any]
    came_late: dict[str, Any]
    months: list[Any]  # of the raised deal, of the other two


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
    # The first won deal of each of two months.
    found = query(
        first,
        "select min(opportunity_id), date_trunc('month', closed_on)::date as month"
        " from core.fct_opportunities, scorecard.publication"
        " where is_won and opportunity_type <> 'renewal' and amount > 0"
        " and currency = reporting_currency and closed_on < as_of_date - 200"
        " group by month order by month limit 2",
    )
    raised, taken_back = (sent_again(small_company["opportunities"], deal) for deal, _ in found)
    raised["amount"] += RAISED_BY
    came_late = {**taken_back, "opportunity_id": "came_late", "amount": CAME_LATE}
    taken_back["_deleted"] = True
    warehouse.load({"opportunities": [raised, taken_back, came_late]})
    second = publish_next(warehouse, "second")
    months = [month for _, month in found]
    return Published(warehouse, first, second, raised, taken_back, came_late, months)


def sent_again(versions: Sequence[Row], deal_id: str) -> dict[str, Any]:
    """The last version of a deal, an hour younger."""
    last = max(
        (row for row in versions if row["opportunity_id"] == deal_id),
        key=lambda row: row["updated_at"],
    )
    return {**last, "updated_at": last["updated_at"] + timedelta(hours=1)}


def test_a_restatement_says_by_how_much_and_because_of_which_record(published: Published) -> None:
    """One deal came, one went, one is worth more; nothing else has changed the bookings."""
    restated = query(
        published.second,
        "select period_start, numerator_after - numerator_before, cause"
        " from scorecard.kpi_restatements where kpi_id = 'bookings_amount' and variant = 'headline'"
        " and period_grain = 'month' and dimension = 'all' order by 1",
    )
    raised, taken_back, came_late = published.raised, published.taken_back, published.came_late
    assert restated == [
        (published.months[0], RAISED_BY, "records"),
        (published.months[1], CAME_LATE - taken_back["amount"], "records"),
    ]
    records = query(
        published.second,
        "select distinct record_id, change, numerator_before, numerator_after"
        " from scorecard.kpi_restatement_records"
        " where kpi_id = 'bookings_amount' and variant = 'headline'",
    )
    assert set(records) == {
        (raised["opportunity_id"], "changed", raised["amount"] - RAISED_BY, raised["amount"]),
        (taken_back["opportunity_id"], "removed", taken_back["amount"], None),
        (came_late["opportunity_id"], "added", None, CAME_LATE),
    }


def test_the_records_of_a_restatement_add_up_to_it(published: Published) -> None:
    """For every restated cell of the bookings, in all readings and dimensions."""
    cells = query(
        published.second,
        "select cells.variant, cells.dimension, cells.dimension_value, cells.period_start,"
        " coalesce(numerator_after, 0) - numerator_before,"
        " (select sum(coalesce(r.numerator_after, 0) - coalesce(r.numerator_before, 0))"
        "  from scorecard.kpi_restatement_records as r where r.kpi_id = cells.kpi_id"
        "  and r.variant = cells.variant and r.period_grain = cells.period_grain"
        "  and r.period_start = cells.period_start and r.dimension = cells.dimension"
        "  and r.dimension_value = cells.dimension_value)"
        " from scorecard.kpi_restatements as cells where kpi_id = 'bookings_amount'",
    )
    assert len(cells) > 50
    assert [cell for cell in cells if cell[4] != cell[5]] == []


def test_what_differs_between_two_publications_is_listed(published: Published) -> None:
    restated = query(
        published.second,
        "select kpi_id, count(*) from scorecard.kpi_restatements group by kpi_id order by kpi_id",
    )
    kpis = {kpi for kpi, _ in restated}
    assert {"bookings_amount", "avg_deal_size", "sales_velocity"} <= kpis
    assert not kpis & {"nps", "new_leads", "enps"}
    with duckdb.connect() as con:
        con.execute(f"attach '{published.first}' as first (read_only)")
        con.execute(f"attach '{published.second}' as second (read_only)")
        differing = con.execute(
            "select count(*) from first.scorecard.kpi_values as a"
            " left join second.scorecard.kpi_values as b using (kpi_id, variant, time_basis,"
            "  period_grain, period_start, dimension, dimension_value)"
            " where period_grain in ('month', 'quarter', 'year')"
            " and a.is_complete_period and a.is_matured and (a.numerator is distinct from"
            "  b.numerator or a.denominator is distinct from b.denominator"
            "  or (a.kpi_value is null) <> (b.kpi_value is null))"
        ).fetchone()
    assert differing is not None
    assert differing[0] == sum(count for _, count in restated) > 0


def test_history_keeps_what_was_said(published: Published) -> None:
    said = query(
        published.second,
        "select publication_number, release, numerator from scorecard.kpi_history"
        " where kpi_id = 'bookings_amount' and variant = 'headline' and period_grain = 'month'"
        f" and period_start = '{published.months[0]}' and dimension = 'all' order by 1",
    )
    assert [row[:2] for row in said] == [(1, "release"), (2, "kpis_second")]
    assert said[1][2] - said[0][2] == RAISED_BY
    first = query(
        published.first,
        "select numerator from scorecard.kpi_values where kpi_id = 'bookings_amount'"
        " and variant = 'headline' and period_grain = 'month' and dimension = 'all'"
        f" and period_start = '{published.months[0]}'",
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
