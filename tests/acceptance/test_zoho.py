"""A CRM export with formats of its own gives the figures that others computed for it."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT_DIR
from tests.acceptance.warehouse import run_parsed
from tests.environment import environment_of, run

DATA = Path(os.environ.get("KPI_SHARED_DATA", PROJECT_DIR.parent / "shared" / "data"))

pytestmark = pytest.mark.skipif(
    not (DATA / "zoho_crm").is_dir(),
    reason=f"the Zoho CRM sample data is not in {DATA / 'zoho_crm'}",
)

# The models that the tests read, and all that these are made from.
MODELS = [
    "path:models/staging/zoho",
    "+path:models/conformed",
    *("+fct_leads", "+fct_opportunities", "+dim_accounts", "+dim_campaigns", "+dim_reps"),
    "+dim_pipeline_stages",
    *("+avg_deal_size", "+bookings_amount", "+deals_won", "+lead_to_opportunity_ratio"),
    *("+net_sales_revenue", "+win_rate"),
]


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((DATA / "reference_figures.json").read_text())
    zoho: dict[str, Any] = figures["zoho_crm"]
    return zoho


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("zoho")
    return {**os.environ, **environment_of(folder, "2021-12-31")}


@pytest.fixture(scope="module")
def landing_log(environment: dict[str, str]) -> str:
    """The whole export, files that nobody has declared among it."""
    extracts = Path(environment["KPI_EXTRACTS"]) / "zoho"
    extracts.mkdir(parents=True)
    for file in (DATA / "zoho_crm").glob("*.csv"):
        shutil.copy(file, extracts)
    return run("python", "-m", "orchestration.landing", environment=environment)


@pytest.fixture(scope="module")
def release(environment: dict[str, str], landing_log: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Marts built from the source `zoho` alone; the private warehouse is attached."""
    run(
        *("dbt", "--quiet", "--no-partial-parse", "build", "--select", *MODELS),
        *("--indirect-selection", "cautious"),
        *("--exclude-resource-type", "unit_test", "--vars", "sources: [zoho]"),
        environment=environment,
    )
    with duckdb.connect(environment["KPI_RELEASE"], read_only=True) as con:
        con.execute(f"attach '{environment['KPI_WAREHOUSE']}' as warehouse (read_only)")
        yield con


def headline(
    release: duckdb.DuckDBPyConnection, kpi: str, dimension: str = "all"
) -> dict[str, tuple[float, float]]:
    """Member -> numerator and denominator of the headline of a KPI over all years."""
    rows = release.execute(
        f"""
        select
            dimension_value,
            cast(sum(numerator) as double), cast(sum(denominator) as double)
        from {kpi}
        where variant = 'headline' and period_grain = 'year' and dimension = ?
        group by dimension_value
        """,
        [dimension],
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def numbers(release: duckdb.DuckDBPyConnection, query: str) -> list[list[Any]]:
    """Rows with their decimals as floats, as JSON has them."""
    rows = release.execute(query).fetchall()
    return [[float(v) if isinstance(v, Decimal) else v for v in row] for row in rows]


def exported(name: str) -> list[dict[str, str]]:
    with (DATA / "zoho_crm" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_files_that_are_not_declared_are_named_and_stop_nothing(landing_log: str) -> None:
    for name in ("Sales_Orders", "Tasks", "Vendors"):
        assert f"zoho/{name}.csv was refused: no entity of source zoho is named" in landing_log
    assert "11 files landed, 10 refused; 26,425 rows read, 26,425 accepted" in landing_log


def test_conversion_of_leads(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    leads, converted, percent = published["leads_converted_pct"]
    ratio = headline(release, "funnel.lead_to_opportunity_ratio")["all"]
    assert ratio == (converted, leads) == (3632, 3900)
    assert round(ratio[0] / ratio[1] * 100, 4) == percent
    by_source = headline(release, "funnel.lead_to_opportunity_ratio", "channel")
    expected = published["leads_by_source[source,n,converted]"]
    assert by_source == {source: (yes, n) for source, n, yes in expected}


def test_stages(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    rows = numbers(
        release,
        """
        select stage_name, count(*), sum(amount), round(avg(closes_on - created_on), 4)
        from core.fct_opportunities
        inner join core.dim_pipeline_stages using (pipeline_id, stage_id)
        inner join (
            select 'zoho:' || opportunity_id as opportunity_id, closes_on
            from warehouse.staging.stg_zoho__opportunities
        ) using (opportunity_id)
        group by stage_name
        order by count(*) desc
        """,
    )
    assert rows == published["potentials_by_stage[stage,n,amount,avg_age]"]
    # An expected closing date closes nothing.
    assert numbers(
        release,
        "select distinct stage_id, outcome from core.fct_opportunities"
        " where is_closed or closed_on is not null order by 1",
    ) == [["closed lost", "lost"], ["closed won", "won"]]


def test_wins(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    won, decided = headline(release, "pipeline.win_rate")["all"]
    assert (won, decided) == (1425, 1910)
    assert round(won / decided * 100, 4) == published["win_pct"]
    assert headline(release, "revenue.bookings_amount")["all"][0] == 89_066_200
    assert headline(release, "revenue.avg_deal_size")["all"] == (89_066_200, 1425)


def test_owners(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    names = dict(release.execute("select rep_id, full_name from core.dim_reps").fetchall())
    bookings = headline(release, "revenue.bookings_amount", "rep")
    deals = headline(release, "revenue.deals_won", "rep")
    ranked = sorted(bookings, key=lambda rep: -bookings[rep][0])
    # The file names owners, the warehouse knows them by their ids.
    assert len(ranked) == 11
    assert ranked[0] == "zoho:1011"
    assert [[names[rep], deals[rep][0], bookings[rep][0]] for rep in ranked[:3]] == published[
        "top_owner_won_amount"
    ]


def test_campaigns(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    assert numbers(
        release,
        """
        select
            count(*),
            (select sum(amount) from warehouse.conformed.campaign_spend),
            sum(budget_amount),
            (select sum(expected_revenue) from warehouse.staging.stg_zoho__campaigns)
        from core.dim_campaigns
        """,
    ) == [published["campaigns_n_actual_budget_expected"]]
    assert (
        numbers(
            release,
            """
            select channel, sum(spend.amount), sum(won.deals), sum(won.amount)
            from core.dim_campaigns as campaigns
            left join warehouse.conformed.campaign_spend as spend using (campaign_id)
            left join (
                select campaign_id, count(*) as deals, sum(amount) as amount
                from core.fct_opportunities
                where is_won
                group by campaign_id
            ) as won using (campaign_id)
            group by channel
            order by 2 desc
            """,
        )
        == published["campaign_type[type,actual_cost,won,won_amount]"]
    )


def test_calls(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    calls = "warehouse.staging.stg_zoho__activities where activity_id like 'call-%'"
    assert (
        numbers(release, f"select count(*), sum(duration_seconds)::double from {calls}")[0]
        == published["calls_n_seconds"]
    )
    conformed = numbers(
        release,
        "select direction, count(*) from warehouse.conformed.activities"
        " where activity_id like 'zoho:call-%' and status = 'completed' group by 1 order by 2 desc",
    )
    assert [[kind.title(), n] for kind, n in conformed] == published["calls_by_type"]


def test_appointments_are_activities_of_their_kind(release: duckdb.DuckDBPyConnection) -> None:
    expected: Counter[str] = Counter()
    for event in exported("Events"):
        subject = event["Subject"].lower()
        kinds = [word for word in ("demo", "call") if word in subject]
        expected[kinds[0] if kinds else "video_meeting"] += 1
    assert dict(
        release.execute(
            "select activity_type, count(*) from warehouse.conformed.activities"
            " where activity_id like 'zoho:event-%' group by 1"
        ).fetchall()
    ) == dict(expected)
    assert sum(expected.values()) == 2978


def test_quotes(release: duckdb.DuckDBPyConnection, published: dict[str, Any]) -> None:
    quotes = numbers(
        release,
        "select sales_status, count(distinct quote_id) from warehouse.staging.stg_zoho__quotes"
        " group by 1 order by 2 desc",
    )
    assert quotes == published["quotes_by_sales_status"]


def test_members_of_campaigns(
    release: duckdb.DuckDBPyConnection, published: dict[str, Any]
) -> None:
    members = numbers(
        release,
        "select status, count(distinct member_id)"
        " from warehouse.staging.stg_zoho__campaign_members group by 1 order by 1",
    )
    assert members == published["campaign_member_status"]
    types = {row["Campaign Name"]: row["Type"] for row in exported("Campaigns")}
    status = Counter(
        row["Status"]
        for row in exported("Campaign_Lead_Status")
        if types[row["Campaign Name"]] == "Email"
    )
    sent = sum(status.values()) - status["Planned"] - status["Invited"]
    assert sent == 534
    assert numbers(release, "select count(*) from warehouse.conformed.email_sends") == [[sent]]
    events = release.execute(
        "select event_type, count(*) from warehouse.conformed.email_events group by 1"
    ).fetchall()
    opened = status["Opened"] + status["Responded"]
    assert dict(events) == {
        "bounced": status["Bounced"],
        "delivered": status["Received"] + opened + status["Opted Out"],
        "opened": opened,
        "unsubscribed": status["Opted Out"],
    }


def test_potentials_older_than_their_lead(
    release: duckdb.DuckDBPyConnection, published: dict[str, Any]
) -> None:
    older = numbers(
        release,
        """
        select count(*)
        from core.fct_opportunities as deals
        inner join core.fct_leads as leads using (lead_id)
        where deals.created_at < leads.created_at
        """,
    )
    assert older == [[published["potentials_created_before_their_lead"]]] == [[1819]]


def test_every_deal_has_an_account(release: duckdb.DuckDBPyConnection) -> None:
    assert numbers(
        release,
        """
        select count(*), count(accounts.account_id)
        from core.fct_opportunities as deals
        left join core.dim_accounts as accounts using (account_id)
        """,
    ) == [[3632, 3632]]


def test_invoices_count_unless_cancelled(release: duckdb.DuckDBPyConnection) -> None:
    def money(text: str) -> Decimal:
        return Decimal(text.replace("$", "").replace(",", ""))

    expected = sum(
        money(row["Sub Total"]) - money(row["Discount"])
        for row in exported("Invoices")
        if row["Invoice Status"] != "Cancelled" and row["Sub Total"]
    )
    revenue = headline(release, "revenue.net_sales_revenue")["all"][0]
    assert revenue == pytest.approx(float(expected), abs=0.005)


def test_formats(environment: dict[str, str], tmp_path: Path) -> None:
    """Money and time as Zoho may write them, against values worked by hand."""
    cases = {
        "thousands": ("zoho_money", "$141.56K", "141560.00"),
        "thousands_of_thousands": ("zoho_money", "$1,117.10K", "1117100.00"),
        "millions": ("zoho_money", "$1.2M", "1200000.00"),
        "plain": ("zoho_money", "$22,700.00", "22700.00"),
        "negative": ("zoho_money", " -$5.5 ", "-5.50"),
        "no_money": ("zoho_money", " ", None),
        # Tehran is 4:30 ahead of UTC in the summer of 2021, 3:30 in winter.
        "in_words": ("zoho_time", "15 Apr, 2021 00:02:00", "2021-04-14 19:32:00"),
        "one_digit": ("zoho_time", "5 Dec, 2021", "2021-12-04 20:30:00"),
        "iso": ("zoho_time", "2021-04-15 23:03:00", "2021-04-15 18:33:00"),
        "day": ("zoho_date", "15 Apr, 2021 00:02:00", "2021-04-15"),
        "another_order": ("zoho_time", "03-07-2021 01:09", None),
        "no_time": ("zoho_time", "", None),
    }
    columns = [
        f"cast({{{{ {macro}(\"'{text}'\") }}}} as {{{{ dbt.type_string() }}}}) as {name}"
        for name, (macro, text, _) in cases.items()
    ]
    (tmp_path / "private").mkdir()
    command = ["show", "--inline", f"select {', '.join(columns)}"]
    shown = run_parsed(command, environment_of(tmp_path), {"reporting_time_zone": "Asia/Tehran"})
    result: Any = shown.result
    assert shown.success, shown.exception
    row = result.results[0].agate_table.rows[0].dict()
    assert row == {name: expected for name, (_, _, expected) in cases.items()}
