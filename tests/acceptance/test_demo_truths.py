"""The warehouse finds what the demo company planted.

Every expectation comes from the generator's own record of what it drew, never from a model. A share
or a mean lies within four standard errors of the true one; a count of what was really drawn is met
exactly.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import duckdb
import pytest

STANDARD_ERRORS = 4.0


@pytest.fixture(scope="module")
def truths(demo_truths_file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(demo_truths_file.read_text(encoding="utf-8"))
    truths: dict[str, Any] = loaded["truths"]
    return truths


def cell(
    con: duckdb.DuckDBPyConnection,
    kpi: str,
    first: str,
    last: str,
    dimension: str = "all",
    member: str = "all",
    variant: str = "headline",
    grain: str = "month",
) -> tuple[float, float]:
    """Numerator and denominator of a KPI, added up over the periods that begin in [first, last]."""
    row = con.execute(
        """
        select coalesce(sum(numerator), 0), coalesce(sum(denominator), 0)
        from scorecard.kpi_values
        where kpi_id = ? and variant = ? and period_grain = ? and dimension = ?
            and dimension_value = ? and period_start between ? and ?
        """,
        [kpi, variant, grain, dimension, member, first, last],
    ).fetchone()
    assert row is not None
    return float(row[0]), float(row[1])


def assert_near(value: float, expected: float, error: float) -> None:
    assert abs(value - expected) <= STANDARD_ERRORS * error, (
        f"{value:.5f} is {abs(value - expected) / error:.1f} standard errors from {expected:.5f}"
    )


def assert_share(numerator: float, denominator: float, expected: float) -> None:
    assert denominator > 100
    error = math.sqrt(expected * (1 - expected) / denominator)
    assert_near(numerator / denominator, expected, error)


@pytest.mark.parametrize(
    ("truth", "variant"),
    [("lead_to_mql_rate", "headline"), ("lead_to_mql_rate_within_90_days", "within_horizon")],
)
def test_lead_to_mql_rate_of_each_channel(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any], truth: str, variant: str
) -> None:
    cells = truths[truth]["cells"]
    assert len(cells) == 8
    for channel, planted in cells.items():
        numerator, denominator = cell(
            demo_release,
            "lead_to_mql_rate",
            "2023-01-01",
            "2025-06-01",
            "channel",
            channel,
            variant,
        )
        assert denominator == planted["realised"]["denominator"], channel
        assert numerator == planted["realised"]["numerator"], channel
        assert_share(numerator, denominator, planted["expected"])


@pytest.mark.parametrize(
    ("kpi", "last"),
    [("mql_to_sql_rate", "2025-10-01"), ("sql_to_opportunity_rate", "2025-09-01")],
)
def test_hand_offs(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any], kpi: str, last: str
) -> None:
    numerator, denominator = cell(demo_release, kpi, "2023-01-01", last)
    assert_share(numerator, denominator, truths[kpi]["cells"]["all"]["expected"])


@pytest.mark.parametrize("year", ["2023", "2024", "2025"])
def test_win_rate_and_deals_of_each_year(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any], year: str
) -> None:
    period = (f"{year}-01-01", f"{year}-12-01")
    planted = truths["win_rate"]["cells"][year]
    numerator, denominator = cell(demo_release, "win_rate", *period)
    assert (numerator, denominator) == (
        planted["realised"]["numerator"],
        planted["realised"]["denominator"],
    )
    assert_near(numerator / denominator, planted["expected"], planted["se"])
    assert (
        cell(demo_release, "deals_won", *period)[0]
        == (truths["deals_won"]["cells"][year]["realised"])
    )
    assert cell(demo_release, "bookings_amount", *period)[0] == pytest.approx(
        truths["bookings_amount"]["cells"][year]["realised"], rel=1e-6
    )


def test_size_and_cycle_of_won_deals(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]
) -> None:
    planted = truths["avg_deal_size"]["cells"]["all"]
    numerator, denominator = cell(demo_release, "avg_deal_size", "2023-01-01", "2025-12-01")
    assert denominator == planted["realised"]["denominator"]
    assert numerator == pytest.approx(planted["realised"]["numerator"], rel=1e-6)
    assert_near(numerator / denominator, planted["expected"], planted["se"])

    planted = truths["sales_cycle_length"]["cells"]["all"]["realised"]
    numerator, denominator = cell(demo_release, "sales_cycle_length", "2023-01-01", "2025-12-01")
    assert denominator == planted["denominator"]
    # A merge can bring an account a deal whose close moves the first contact of another: rare.
    assert numerator / denominator == pytest.approx(planted["value"], rel=1e-3)


def test_monthly_churn_hazard(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]
) -> None:
    planted = truths["customer_churn_rate"]["cells"]["all"]
    numerator, denominator = cell(demo_release, "customer_churn_rate", "2023-06-01", "2025-10-01")
    assert_share(numerator, denominator, planted["expected"])


@pytest.mark.parametrize("months", [6, 9])
def test_churn_after_the_close(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any], months: int
) -> None:
    kpi = f"post_close_churn_rate_{months}m"
    planted = truths[kpi]["cells"]["all"]
    numerator, denominator = cell(demo_release, kpi, "2023-01-01", "2025-02-01")
    assert_near(numerator / denominator, planted["expected"], planted["se"])


@pytest.mark.parametrize("year", ["2023", "2024", "2025"])
def test_customers_and_revenue_of_each_year(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any], year: str
) -> None:
    last = "12" if year != "2025" else "10"
    acquired, _ = cell(demo_release, "customers_acquired", f"{year}-01-01", f"{year}-12-01")
    lost, _ = cell(demo_release, "customers_lost", f"{year}-01-01", f"{year}-{last}-01")
    revenue, _ = cell(demo_release, "net_sales_revenue", f"{year}-01-01", f"{year}-12-01")
    assert acquired == truths["customers_acquired"]["cells"][year]["realised"]
    assert lost == truths["customers_lost"]["cells"][year]["realised"]
    assert revenue == pytest.approx(
        truths["net_sales_revenue"]["cells"][year]["realised"], rel=1e-6
    )


def test_open_pipeline_on_the_last_day(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]
) -> None:
    planted = truths["open_pipeline_value"]["cells"]["open_without_renewals"]["realised"]
    row = demo_release.execute(
        """
        select sample_size from scorecard.kpi_values
        where kpi_id = 'open_pipeline_value' and dimension = 'all' and period_grain = 'day'
            and period_start = '2025-12-31'
        """
    ).fetchone()
    assert row is not None
    assert row[0] == planted["count"]


def test_days_from_first_impression_to_first_purchase(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]
) -> None:
    planted = truths["customer_lifecycle_time"]["cells"]["all"]["realised"]
    numerator, denominator = cell(
        demo_release, "customer_lifecycle_time", "2023-01-01", "2025-12-01"
    )
    assert denominator == planted["denominator"]
    assert numerator == pytest.approx(planted["numerator"], abs=1e-4 * denominator)


def test_leads_created(demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]) -> None:
    for year in ("2023", "2024", "2025"):
        _, created = cell(demo_release, "lead_to_mql_rate", f"{year}-01-01", f"{year}-12-01")
        assert created == truths["leads_created"]["cells"][year]["realised"]


@pytest.mark.parametrize("year", ["2023", "2024", "2025"])
@pytest.mark.parametrize(
    "kpi",
    [
        *("proposals_sent", "cold_calls_made", "cold_emails_sent"),
        *("outreach_activities_completed", "email_open_rate", "cta_click_through_rate"),
        *("cta_click_to_submission_rate", "nps", "contract_close_rate"),
    ],
)
def test_counts_of_each_year(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any], kpi: str, year: str
) -> None:
    """Counts and shares that hold no money are met exactly."""
    planted = truths[kpi]["cells"][year]["realised"]
    if kpi == "contract_close_rate":
        # The generator counts deals that were closed as duplicates; they are no deals.
        sent = truths["proposals_sent"]["cells"][year]["realised"]
        assert planted["denominator"] == sent
    numerator, denominator = cell(demo_release, kpi, f"{year}-01-01", f"{year}-12-01")
    if isinstance(planted, dict):
        assert numerator == planted["numerator"]
        assert denominator == planted["denominator"]
    else:
        assert numerator == planted


@pytest.mark.parametrize("year", ["2023", "2024", "2025"])
def test_discount_of_each_year(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any], year: str
) -> None:
    planted = truths["discount_rate"]["cells"][year]["realised"]
    numerator, denominator = cell(demo_release, "discount_rate", f"{year}-01-01", f"{year}-12-01")
    assert denominator == pytest.approx(planted["denominator"], rel=1e-6)
    assert numerator == pytest.approx(planted["numerator"], rel=1e-5)


def test_open_rate_of_each_subject(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]
) -> None:
    for variant, planted in truths["email_open_rate_by_variant"]["cells"].items():
        numerator, denominator = cell(
            demo_release, "email_open_rate", "2023-01-01", "2025-12-01", "subject_variant", variant
        )
        assert numerator == planted["realised"]["numerator"], variant
        assert denominator == planted["realised"]["denominator"], variant
        assert_near(numerator / denominator, planted["expected"], planted["se"])


def test_win_rate_against_each_competitor(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]
) -> None:
    names = dict(
        demo_release.execute(
            "select competitor_name, competitor_id from core.dim_competitors"
        ).fetchall()
    )
    for name, planted in truths["competitor_win_rate"]["cells"].items():
        found = cell(
            demo_release,
            "competitor_win_rate",
            "2023-01-01",
            "2025-12-01",
            "competitor",
            names[name],
        )
        realised = planted["realised"]
        assert found == (realised["numerator"], realised["denominator"]), name


def test_lift_of_the_promotion(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]
) -> None:
    planted = truths["promo_lift"]["cells"]["EX00"]["realised"]
    treated, control = cell(
        demo_release, "promo_lift", "2025-01-01", "2025-12-01", "experiment", "EX00"
    )
    assert treated == planted["treated_post_units"] - planted["treated_pre_units"]
    assert control == planted["control_post_units"] - planted["control_pre_units"]


def test_price_parity_on_the_last_day(
    demo_release: duckdb.DuckDBPyConnection, truths: dict[str, Any]
) -> None:
    planted = truths["price_parity_share"]["cells"]["all"]["realised"]
    found = cell(demo_release, "price_parity_share", "2025-12-01", "2025-12-31")
    assert found == (planted["numerator"], planted["denominator"])
