"""Laws that hold between the numbers of one release, whatever the company."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.companies import SHAPES, Shape
from tests.acceptance.warehouse import query

CELL = "kpi_id, variant, time_basis, period_grain, period_start, dimension, dimension_value"
EVENT_SUMS = (
    "('net_sales_revenue', 'bookings_amount', 'deals_won', 'customers_acquired', 'customers_lost',"
    " 'net_new_customers', 'units_sold', 'new_leads', 'new_opportunities', 'proposals_sent',"
    " 'sales_activities', 'cold_calls_made', 'cold_emails_sent', 'replies_received',"
    " 'outreach_activities_completed', 'meetings_scheduled', 'collateral_usage_count',"
    " 'expansion_revenue')"
)
DIFFERENCES = "('collateral_win_rate_lift', 'enps_vs_target', 'promo_lift')"
SHAPE = next(shape for shape in SHAPES if shape.name == "new_york")

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def rows(releases: Callable[[Shape], Path]) -> Query:
    """Rows of the largest company's release."""
    release = releases(SHAPE)
    return lambda sql: query(release, sql)


def paired(rows: Query, left: str, right: str) -> list[tuple[Any, ...]]:
    """Numerator, denominator and value of two KPIs in the same cells, the cell last."""
    found = rows(
        f"""
        select
            l.numerator, l.denominator, l.kpi_value, r.numerator, r.denominator, r.kpi_value,
            period_grain, period_start, dimension, dimension_value
        from (select * from scorecard.kpi_values where {left}) as l
        full join (select * from scorecard.kpi_values where {right}) as r
            using (period_grain, period_start, dimension, dimension_value)
        """
    )
    assert found
    return found


def test_cells_are_unique_and_well_formed(rows: Query) -> None:
    """A cell has one row; dimensions are never empty; a value is numerator over denominator."""
    assert rows(f"select {CELL} from scorecard.kpi_values group by all having count(*) > 1") == []
    assert (
        rows(
            f"""
            select {CELL}, numerator, denominator, kpi_value from scorecard.kpi_values
            where time_basis not in ('event', 'cohort', 'snapshot')
                or dimension is null or dimension_value is null or period_start is null
                or is_complete_period is null or is_matured is null or sample_size is null
                or (is_matured and not is_complete_period)
                or (dimension = 'all') <> (dimension_value = 'all')
                or isnan(kpi_value) or isinf(kpi_value)
                or period_start > date '{SHAPE.as_of}'
                or (denominator = 0 and kpi_value is not null and kpi_id not in {DIFFERENCES})
                or (denominator <> 0 and numerator is not null and kpi_id not in {DIFFERENCES}
                    and abs(kpi_value - case when kpi_id in ('nps', 'enps')
                            and variant <> 'response_rate' then 100 else 1 end
                            * numerator / denominator)
                        > 1e-5 * greatest(1, abs(kpi_value)) / least(1, abs(denominator)))
                or (kpi_id in {DIFFERENCES} and variant in ('headline', 'revenue', 'per_day')
                    and abs(kpi_value - (numerator - denominator)) > 1e-5)
                or (denominator is null and kpi_value is not null
                    and kpi_value is distinct from numerator)
            """
        )
        == []
    )


def test_shares_lie_in_their_interval(rows: Query) -> None:
    """A rate with a Wilson interval has its numerator in its denominator."""
    assert rows("select count(*) from scorecard.kpi_values where ci_low is not null")[0][0] > 1000
    assert (
        rows(
            f"""
            select {CELL}, numerator, denominator, ci_low, kpi_value, ci_high
            from scorecard.kpi_values
            where (ci_low is null) <> (ci_high is null)
                or numerator > denominator and ci_low is not null
                or ci_low > kpi_value + 1e-12 or ci_high < kpi_value - 1e-12
                or ci_low < -1e-12 or ci_high > 1 + 1e-12
            """
        )
        == []
    )


@pytest.mark.parametrize(
    ("kept", "lost"),
    [
        ("customer_retention_rate", "customer_churn_rate"),
        ("gross_revenue_retention", "revenue_churn_rate"),
    ],
)
def test_retention_and_churn_make_one(rows: Query, kept: str, lost: str) -> None:
    """On the same base, in every cell."""
    headline = "variant = 'headline' and kpi_id = "
    for cell in paired(rows, f"{headline}'{kept}'", f"{headline}'{lost}'"):
        assert cell[1] == cell[4], cell
        assert cell[0] + cell[3] == cell[1], cell
        assert cell[2] is None or cell[2] + cell[5] == pytest.approx(1), cell


def test_steps_multiply_to_the_whole_funnel(rows: Query) -> None:
    """Decision 5: with one lead-created cohort for all steps, whoever gets on was there before."""
    cohorts = rows(
        """
        select
            date_trunc('month', created_on),
            count(*),
            count(mql_reached_on),
            count(case when mql_reached_on is not null then sql_reached_on end),
            count(case when sql_reached_on is not null then opportunity_reached_on end),
            count(opportunity_reached_on),
            count(case when opportunity_reached_on is not null then customer_on end),
            count(customer_on)
        from core.fct_leads
        group by all
        """
    )
    for _, leads, mqls, sqls, opportunities, all_opportunities, won, customers in cohorts:
        assert (opportunities, won) == (all_opportunities, customers)
        steps = [leads, mqls, sqls, opportunities, won]
        if 0 not in steps[:-1]:
            product = 1.0
            for before, after in pairwise(steps):
                product *= after / before
            assert product == pytest.approx(customers / leads)


def test_opening_and_movements_make_closing(rows: Query) -> None:
    """Customers and recurring revenue of every period reconcile, and one closes as the next opens.

    Recurring revenue is converted at the rate of each period, so only one currency can be carried
    from period to period; within a period the movements account for the difference.
    """
    for grain in ("month", "quarter", "year"):
        opening_of = f"""
            select
                period_start,
                count(case when is_active_at_start then 1 end),
                count(case when is_active_at_end then 1 end),
                sum(mrr_at_start), sum(mrr_at_end),
                sum(case when mrr_movement in ('churn', 'contraction', 'expansion', 'new',
                    'reactivation') then mrr_at_end - mrr_at_start else 0 end)
            from core.fct_customer_periods where period_grain = '{grain}' group by 1 order by 1
        """
        flows = {
            row[0]: row[1:]
            for row in rows(
                f"""
                select period_start,
                    sum(case when kpi_id = 'customers_acquired' then numerator else 0 end),
                    sum(case when kpi_id = 'customers_lost' then numerator else 0 end),
                    sum(case when variant = 'reactivated' then numerator else 0 end)
                from scorecard.kpi_values
                where period_grain = '{grain}' and dimension = 'all'
                    and kpi_id in ('customers_acquired', 'customers_lost', 'net_new_customers')
                group by 1
                """
            )
        }
        before = None
        for start, opening, closing, mrr_start, mrr_end, movements in rows(opening_of):
            acquired, lost, reactivated = flows.get(start, (0, 0, 0))
            assert opening + acquired + reactivated - lost == closing, (grain, start)
            assert mrr_start + movements == mrr_end, (grain, start)
            assert before is None or before == opening, (grain, start)
            before = closing


def test_later_churn_holds_earlier_churn(rows: Query) -> None:
    """On a cohort that is mature for 9 months, its churn is no lower than that of 6 months."""
    cells = paired(
        rows,
        "kpi_id = 'post_close_churn_rate_9m' and variant = 'headline' and is_matured",
        "kpi_id = 'post_close_churn_rate_6m' and variant = 'headline'",
    )
    mature = [cell for cell in cells if cell[1]]
    assert mature
    for cell in mature:
        assert cell[1] == cell[4], cell
        assert cell[0] >= cell[3], cell


def test_days_make_periods(rows: Query) -> None:
    """Sums of days are the sums of their months, quarters and years."""
    for grain in ("month", "quarter", "year"):
        assert (
            rows(
                f"""
                with days as (
                    select kpi_id, variant, date_trunc('{grain}', period_start)::date as start,
                        dimension, dimension_value, sum(numerator) as days, sum(sample_size) as n
                    from scorecard.kpi_values
                    where kpi_id in {EVENT_SUMS} and period_grain = 'day'
                    group by all
                ),
                periods as (
                    select kpi_id, variant, period_start as start, dimension, dimension_value,
                        numerator, sample_size
                    from scorecard.kpi_values
                    where kpi_id in {EVENT_SUMS} and period_grain = '{grain}'
                )
                select * from days
                full join periods using (kpi_id, variant, start, dimension, dimension_value)
                where days is distinct from numerator or n is distinct from sample_size
                """
            )
            == []
        )


def test_members_make_the_company(rows: Query) -> None:
    """The members of one dimension add up to the company, for every sum and every snapshot."""
    assert (
        rows(
            f"""
            with members as (
                select kpi_id, variant, period_grain, period_start, dimension,
                    sum(numerator) as members, sum(sample_size) as n
                from scorecard.kpi_values
                where dimension <> 'all' and (kpi_id in {EVENT_SUMS}
                    or kpi_id in ('open_pipeline_value', 'leads_by_lifecycle_stage'))
                group by all
            )
            select members.*, company.numerator from members
            left join scorecard.kpi_values as company
                on company.kpi_id = members.kpi_id and company.variant = members.variant
                and company.period_grain = members.period_grain
                and company.period_start = members.period_start and company.dimension = 'all'
            where members is distinct from company.numerator
                or n is distinct from company.sample_size
            """
        )
        == []
    )


def test_passed_lost_and_open_make_one(rows: Query) -> None:
    """Per stage, everybody who reached it got on, was lost there, or is still open."""
    passed = "kpi_id = 'stage_conversion_rate' and variant = "
    dropped = "kpi_id = 'stage_drop_off_rate'"
    on = {cell[6:]: cell[:6] for cell in paired(rows, f"{passed}'headline'", dropped)}
    still = {cell[6:]: cell[:6] for cell in paired(rows, f"{passed}'still_open'", dropped)}
    assert on.keys() == still.keys()
    for key, cell in on.items():
        assert cell[1] == cell[4] == still[key][1], key
        assert cell[0] + cell[3] + still[key][0] == cell[1], key
