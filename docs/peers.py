"""Computes docs/peers.md: cases of our unit tests on which other definitions give another number.

A case names a unit test and one row that it expects (`ours`). The other definition (`theirs`) is
written out here in SQL and runs in DuckDB over the very rows that the test gives to our model.
`docs/generate.py` writes the page; tests/structure/test_peers.py fails if a case proves nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Case:
    """One unit-test case and the definition that answers it otherwise.

    `model` is a path within models/. `row` are values by which the expected row is found, `column`
    is the one compared. Tables of `theirs` bear the names of the models that the test stands in
    for; it returns one value.
    """

    title: str
    model: str
    unit_test: str
    row: dict[str, Any]
    column: str
    theirs: str
    found_in: str
    why: str


CASES = (
    Case(
        title="A rep who won everything has a win rate of 0",
        model="marts/kpis/pipeline/win_rate",
        unit_test="win_rate_of_a_rep_without_losses",
        row={"variant": "by_value", "dimension_value": "ada"},
        column="kpi_value",
        theirs="""
            with won as (
                select owner_rep_id, sum(amount) as won from fct_opportunities
                where is_won group by all
            ),
            lost as (
                select owner_rep_id, sum(amount) as lost from fct_opportunities
                where is_lost group by all
            )
            select case when won + lost > 0 then won / (won + lost) else 0 end
            from won left join lost using (owner_rep_id)
            where owner_rep_id = 'ada'
        """,
        found_in="fivetran/dbt_salesforce, models/salesforce/salesforce__owner_performance.sql",
        why="Who lost nothing has no row on the side of the losses. Won plus null is null, which "
        "is not above 0, so the rate falls through to 0. We count wins and losses in one "
        "pass.",
    ),
    Case(
        title="A team wins 100 % because one of its reps lost nothing",
        model="marts/kpis/pipeline/win_rate",
        unit_test="win_rate_of_a_rep_without_losses",
        row={"variant": "by_value", "dimension_value": "all"},
        column="kpi_value",
        theirs="""
            with won as (
                select owner_rep_id, sum(amount) as won from fct_opportunities
                where is_won group by all
            ),
            lost as (
                select owner_rep_id, sum(amount) as lost from fct_opportunities
                where is_lost group by all
            )
            select sum(won) / sum(won + lost)
            from won left join lost using (owner_rep_id)
        """,
        found_in="fivetran/dbt_salesforce, models/salesforce/salesforce__manager_performance.sql",
        why="A sum of won + lost leaves out the rep whose losses are null: the bookings stay in "
        "the numerator and are missing from the denominator.",
    ),
    Case(
        title="The mean of the reps' rates is not the rate of the team",
        model="marts/kpis/pipeline/win_rate",
        unit_test="win_rate_of_a_rep_without_losses",
        row={"variant": "headline", "dimension_value": "all"},
        column="kpi_value",
        theirs="""
            select avg(rate) from (
                select owner_rep_id, avg(is_won::int) as rate
                from fct_opportunities where is_won or is_lost
                group by all
            )
        """,
        found_in="Dashboards and spreadsheets that average a column of rates.",
        why="Ada's 3 deals weigh as much as Ben's 4. We add up both sides and divide last.",
    ),
    Case(
        title="Open deals are no losses",
        model="marts/kpis/pipeline/win_rate",
        unit_test="win_rate_value",
        row={"variant": "headline", "period_start": "2026-05-01"},
        column="kpi_value",
        theirs="""
            select count(*) filter (where is_won) / count(*) from fct_opportunities
        """,
        found_in="fivetran/dbt_salesforce, models/salesforce/salesforce__campaign_performance.sql "
        "(won opportunities ÷ all opportunities).",
        why="The rate falls whenever new deals are opened. We divide by what was decided; the "
        "share of the deals created stands beside it, as by_creation, and says when it has "
        "matured.",
    ),
    Case(
        title="A forecast fifty times as large as the pipeline",
        model="marts/kpis/pipeline/open_pipeline_value",
        unit_test="open_pipeline_value_value",
        row={"period_start": "2026-05-21"},
        column="kpi_value",
        theirs="""
            select sum(amount * 50) from fct_opportunity_states
            where entered_on <= date '2026-05-21'
                and (left_on is null or left_on > date '2026-05-21')
        """,
        found_in="fivetran/dbt_salesforce, "
        "models/salesforce/intermediate/int_salesforce__opportunity_aggregation_by_owner.sql "
        "(amount × probability).",
        why="Salesforce stores a probability as 50, not as 0.5; here every deal is at 50 %. We do "
        "not weigh the pipeline at all: what it is worth and what becomes of it are two "
        "numbers.",
    ),
    Case(
        title="Deals that take less than no time",
        model="marts/kpis/pipeline/sales_cycle_length",
        unit_test="sales_cycle_length_counts_closed_deals",
        row={"variant": "headline", "record_id": "won"},
        column="numerator",
        theirs="""
            select date_diff('day', closed_on, created_on) from fct_opportunities
            where opportunity_id = 'won'
        """,
        found_in="fivetran/dbt_salesforce, "
        "models/salesforce/staging/stg_salesforce__opportunity.sql "
        "(days_to_close: from the close to the creation).",
        why="The order of the two dates is turned round, so that every deal takes negative days. "
        "Ours begins with the first contact, too, which is before the deal is entered.",
    ),
    Case(
        title="A contact that was logged after the close",
        model="intermediate/int_opportunities",
        unit_test="int_opportunities_cycle",
        row={"opportunity_id": "contact_after_close"},
        column="cycle_days",
        theirs="""
            select round((epoch(closed_at) - epoch(first_contact_at)) / 86400, 6)
            from opportunities join int_opportunity_first_contacts using (opportunity_id)
            where opportunity_id = 'contact_after_close'
        """,
        found_in="Any difference of two timestamps that is taken as it comes.",
        why="A cycle cannot end before it begins: the deal has no length, and is not averaged.",
    ),
    Case(
        title="Old months convert better because they are old",
        model="marts/kpis/funnel/lead_to_customer_rate",
        unit_test="lead_to_customer_rate_of_cohorts_of_any_age",
        row={"variant": "headline", "period_start": "2026-01-01"},
        column="kpi_value",
        theirs="""
            select count(customer_on) / count(*) from fct_leads
            where created_on >= date '2026-01-01' and created_on < date '2026-02-01'
        """,
        found_in="Cohort tables without a horizon.",
        why="January has had half a year, April three months. To date they read 0.5 and 0.25: a "
        "fall that is nothing but age. Within the same 90 days both are 0.25.",
    ),
    Case(
        title="A quarter that is too young to say anything",
        model="marts/kpis/customers/post_close_churn_rate_6m",
        unit_test="post_close_churn_rate_6m_value",
        row={"variant": "headline", "period_start": "2025-10-01"},
        column="kpi_value",
        theirs="""
            select count(*) filter (where first_lost_on <= won_on + interval 6 month) / count(*)
            from fct_new_customers
            where won_on >= date '2025-10-01'
        """,
        found_in="Cohort tables without a horizon.",
        why="Whoever is lost counts at once, whoever stays is not yet known to. We count a "
        "customer when its six months have passed; until then there is no rate.",
    ),
    Case(
        title="Qualified this month over received this month: 0",
        model="marts/kpis/funnel/mql_to_sql_rate",
        unit_test="mql_to_sql_rate_of_slow_leads",
        row={"variant": "headline", "period_start": "2026-01-01"},
        column="kpi_value",
        theirs="""
            select count(*) filter (where date_trunc('month', sql_reached_on) = date '2026-01-01')
                / count(*) filter (where date_trunc('month', mql_reached_on) = date '2026-01-01')
            from fct_leads
        """,
        found_in="Lunin-Marketing/generalsql, "
        "models/funnel_to_target/funnel_to_target_monthly_mql2sql.sql, and most funnel "
        "dashboards.",
        why="The leads of January went on in February. We follow the leads of a month wherever "
        "they go; the other reading stands beside it, as by_event, and is not called a "
        "conversion.",
    ),
    Case(
        title="Qualified this month over received this month: 200 %",
        model="marts/kpis/funnel/mql_to_sql_rate",
        unit_test="mql_to_sql_rate_of_slow_leads",
        row={"variant": "headline", "period_start": "2026-02-01"},
        column="kpi_value",
        theirs="""
            select count(*) filter (where date_trunc('month', sql_reached_on) = date '2026-02-01')
                / count(*) filter (where date_trunc('month', mql_reached_on) = date '2026-02-01')
            from fct_leads
        """,
        found_in="Lunin-Marketing/generalsql, "
        "models/funnel_to_target/funnel_to_target_monthly_mql2sql.sql, and most funnel "
        "dashboards.",
        why="Four leads went on and two came in: another four. A share of leads cannot exceed 1.",
    ),
    Case(
        title="Whose deal it was",
        model="intermediate/int_opportunities",
        unit_test="int_opportunities_team_at_the_time",
        row={"opportunity_id": "closed_day_before"},
        column="close_team_id",
        theirs="""
            select team_id from opportunities
            join int_rep_assignments on owner_rep_id = rep_id and valid_to = date '9999-12-31'
            where opportunity_id = 'closed_day_before'
        """,
        found_in="fivetran/dbt_salesforce, models/salesforce/salesforce__opportunity_enhanced.sql "
        "(the manager whom the owner has today).",
        why="The rep closed it with t1 and moved to t2 the day after. Joined by who is where "
        "today, every past number of both teams changes with each move.",
    ),
    Case(
        title="One customer acquired, none lost",
        model="marts/kpis/customers/acquired_to_lost_ratio",
        unit_test="acquired_to_lost_ratio_value",
        row={"period_start": "2026-04-01"},
        column="kpi_value",
        theirs="""
            select count(*) filter (
                    where not is_reactivation
                        and date_trunc('month', started_on) = date '2026-04-01')
                / count(*) filter (where date_trunc('month', lost_on) = date '2026-04-01')
            from fct_customer_spells
        """,
        found_in="Any division in DuckDB: 1/0 is inf and 0/0 is NaN, and neither is null.",
        why="Infinity is larger than every target and turns every sum into itself. Nothing lost "
        "means that there is no ratio: null.",
    ),
    Case(
        title="A customer who renewed nine days late",
        model="intermediate/int_customer_spells",
        unit_test="int_customer_spells_of_subscriptions",
        row={"account_id": "a", "spell_number": 1},
        column="lost_on",
        theirs="""
            select min(month) from (
                values (date '2026-02-01'), (date '2026-03-01'), (date '2026-04-01')
            ) as months(month)
            where not exists (
                select 1 from int_subscription_intervals
                where account_id = 'a'
                    and starts_on <= month and (ends_on is null or month < ends_on)
            )
        """,
        found_in="dbt-labs/mrr-playbook, models/customer_revenue_by_month.sql and models/mrr.sql "
        "(active if paid for on the first of the month).",
        why="The old subscription ends on April 1, the new one begins on April 10: a churn in "
        "April and a reactivation in May. Within churn_grace_days (30) the customer never "
        "left.",
    ),
)


def _literal(value: Any) -> str:
    """A value of the YAML as SQL: texts that look like dates are dates."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    text = str(value).replace("'", "''")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return f"date '{text}'"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2} [\d:]+", text):
        return f"timestamp '{text}'"
    return f"'{text}'"


def _table(given: dict[str, Any]) -> str:
    """The rows that a unit test gives to its model, as a query."""
    if given.get("format") == "sql":
        return str(given["rows"])
    return "\nunion all by name\n".join(
        "select " + ", ".join(f"{_literal(value)} as {name}" for name, value in row.items())
        for row in given["rows"]
    )


def yaml_of(case: Case) -> Path:
    """The file of the model with its unit tests."""
    return PROJECT / f"models/{case.model}.yml"


def unit_test_of(case: Case) -> dict[str, Any]:
    """The unit test as the YAML has it."""
    tests = yaml.safe_load(yaml_of(case).read_text("utf-8"))["unit_tests"]
    found: dict[str, Any] = next(test for test in tests if test["name"] == case.unit_test)
    return found


def ours(case: Case) -> Any:
    """What the unit test expects in the row and column of the case."""
    rows = [
        row
        for row in unit_test_of(case)["expect"]["rows"]
        if all(str(row[name]) == str(value) for name, value in case.row.items())
    ]
    if len(rows) != 1:
        raise ValueError(f"{case.unit_test} expects {len(rows)} rows of {case.row}")
    return rows[0][case.column]


def theirs(case: Case) -> Any:
    """What the other definition makes of the rows that the unit test gives."""
    with duckdb.connect() as connection:
        for given in unit_test_of(case)["given"]:
            name = re.sub(r"ref\('(\w+)'\)", r"\1", given["input"])
            if given["rows"]:
                connection.execute(f"create view {name} as {_table(given)}")
        found = connection.execute(case.theirs).fetchall()
    if len(found) != 1:
        raise ValueError(f"the other definition of '{case.title}' returns {len(found)} rows")
    return found[0][0]


def shown(value: Any) -> str:
    """A value as the page writes it; null is said in words."""
    if value is None:
        return "null"
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{number:,.6g}" if abs(number) < 1000 else f"{number:,.0f}"


def _query(text: str) -> list[str]:
    lines = text.strip("\n").split("\n")
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return [line[indent:].rstrip() for line in lines if line.strip()]


def page() -> str:
    """docs/peers.md as it should be."""
    lines = [
        "# Where other definitions give another number",
        "",
        "The same rows, two definitions. Ours is what a unit test of the model expects; theirs is "
        "computed over the very rows that the test gives to the model. The formulas were written "
        "for this page after what the named file does, and run in DuckDB by `make kpi-pages`. "
        "Packages change: read the file before you rely on it.",
        "",
        "| case | KPI or model | theirs | ours |",
        "|---|---|---|---|",
    ]
    details = []
    for number, case in enumerate(CASES, start=1):
        name = yaml_of(case).stem
        other, own = shown(theirs(case)), shown(ours(case))
        lines.append(f"| {number}. {case.title} | `{name}` | {other} | {own} |")
        where = ", ".join(f"{column} {value}" for column, value in case.row.items())
        path = yaml_of(case).relative_to(PROJECT)
        details += [
            f"## {number}. {case.title}",
            "",
            f"Theirs **{other}**, ours **{own}**. {case.why}",
            "",
            f"- Found in: {case.found_in}",
            f"- Test: `{case.unit_test}` in [{path.name}](../{path.as_posix()}), row {where}, "
            f"column {case.column}.",
            "",
            "```sql",
            *_query(case.theirs),
            "```",
            "",
        ]
    return "\n".join([*lines, "", *details]).rstrip() + "\n"
