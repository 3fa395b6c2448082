"""Quotas, targets of other scopes, benchmarks and trees of goals.

No two targets of one kind, scope, measure and type of period share a day.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .generator import Generator

Period = tuple[str, date, date]

MONEY = ("bookings_amount", "net_sales_revenue", "avg_deal_size", "open_pipeline_value")


def target(
    c: Generator,
    kind: str,
    scope: tuple[str, str],
    measure: str,
    period: Period,
    value: Decimal,
    **more: Any,
) -> str:
    """Write a target; its id."""
    number = len(c.rows.get("targets", []))
    period_type, start, end = period
    is_money = measure in MONEY
    row = {
        "target_id": f"q{number}",
        "parent_target_id": None,
        "target_kind": kind,
        "scope_type": scope[0],
        "scope_id": scope[1],
        "measure_id": measure,
        "value_type": "currency" if is_money else "number",
        "period_type": period_type,
        "period_start": start,
        "period_end": end,
        "start_value": None,
        "target_value": value,
        "current_value": None,
        "currency": c.a_currency() if is_money else None,
        "weight": None,
        **more,
    }
    c.put("targets", row)
    return f"q{number}"


def periods(c: Generator) -> list[Period]:
    """Whole weeks, months, quarters and years."""
    found = []
    for index, month in enumerate(c.months[1:-1], start=1):
        found.append(("month", month, c.months[index + 1]))
        if month.month % 3 == 1 and index + 3 < len(c.months):
            found.append(("quarter", month, c.months[index + 3]))
        back = (month.isoweekday() - c.shape.week_start) % 7
        week = month - timedelta(days=back)
        found.append(("week", week, week + timedelta(days=7)))
    for year in {month.year for month in c.months}:
        found.append(("year", date(year, 1, 1), date(year + 1, 1, 1)))
    return sorted(found)


def a_value(c: Generator, measure: str) -> Decimal:
    """Zero at times; counts are small."""
    if measure in MONEY:
        return c.pick([Decimal(0), c.amount(100, 5000), c.amount(100, 5000)])
    if measure in ("units_sold", "outreach_activities_completed"):
        return Decimal(c.rng.randint(0, 12))
    if measure == "enps":
        return Decimal(c.pick([-20, 0, 10, 30, 50]))
    return Decimal(c.rng.randint(0, 3))


def quotas(c: Generator) -> None:
    """By week, month, quarter and year; zero ones; none for some reps."""
    measures = (
        "bookings_amount", "deals_won", "net_sales_revenue", "new_leads",
        "units_sold", "customers_acquired",
    )  # fmt: skip
    for rep in [*c.reps[:7], "r_unknown"]:
        for measure in measures:
            for period in periods(c):
                if c.chance(0.12):
                    kind = c.pick(["quota"] * 9 + ["goal"])
                    target(c, kind, ("rep", rep), measure, period, a_value(c, measure))


def scope_targets(c: Generator) -> None:
    """Of the company, teams, locations, territories and industries; not all of them have one."""
    scopes = [
        ("company", "company"), ("team", "alpha"), ("team", "beta"), ("team", "team_unknown"),
        ("location", "online"), ("location", "store_a"), ("location", "store_never"),
        ("territory", "north"), ("industry", "retail"),
    ]  # fmt: skip
    measures = (
        "net_sales_revenue", "bookings_amount", "units_sold", "customers_acquired", "deals_won",
    )  # fmt: skip
    for scope in scopes:
        for measure in measures:
            for period in periods(c):
                # Years of goals belong to the trees.
                if c.chance(0.07):
                    kind = "quota" if period[0] == "year" else c.pick(["quota", "goal"])
                    target(c, kind, scope, measure, period, a_value(c, measure))
    for scope in [("company", "company"), ("team", "alpha"), ("team", "beta"), ("team", "gamma")]:
        for period in periods(c):
            if period[0] == "quarter" and c.chance(0.6):
                target(c, c.pick(["goal", "quota"]), scope, "enps", period, a_value(c, "enps"))


def benchmarks(c: Generator) -> None:
    """Of outreach by week and month, of sales by month, for reps and teams."""
    for scope in [*(("rep", rep) for rep in c.reps[:6]), ("team", "alpha"), ("team", "delta")]:
        for measure, kinds in (
            ("outreach_activities_completed", ("week", "month")),
            ("net_sales_revenue", ("month",)),
            ("bookings_amount", ("month",)),
        ):
            for period in periods(c):
                if period[0] in kinds and c.chance(0.35):
                    target(c, "benchmark", scope, measure, period, a_value(c, measure))


def goal_trees(c: Generator) -> None:
    """A tree for each year: three levels, every type of value, weights of all sorts.

    The measures of a scope differ, so that no goal overlaps another.
    """
    for period in periods(c):
        if period[0] != "year":
            continue
        root = target(
            c, "goal", ("company", "company"), "net_sales_revenue", period, Decimal(50000)
        )
        for team in ("alpha", "beta", "gamma"):
            branch = target(
                c,
                "goal",
                ("team", team),
                "gross_margin_pct",
                period,
                Decimal(1),
                parent_target_id=root,
                weight=c.pick([None, Decimal(1), Decimal(2), Decimal("0.5")]),
                current_value=c.pick([None, Decimal("0.3")]),
            )
            leaves(c, ("team", team), branch, period, all_zero=team == "gamma")
        leaves(c, ("company", "company"), root, period, all_zero=False)
        # A goal without a tree, and one whose parent never arrived.
        manual(c, ("rep", "r1"), None, period, "avg_deal_size", "number", 1, 5, 4)
        manual(c, ("rep", "r2"), "q_missing", period, "avg_deal_size", "number", 0, 5, 9)


def leaves(
    c: Generator, scope: tuple[str, str], parent: str, period: Period, all_zero: bool
) -> None:
    """Reported by hand, ticked off, done in part, or measured by the warehouse itself."""
    by_hand = [
        ("win_rate", "number", 0, 100, 50),
        ("new_leads", "number", 100, 60, 70),
        ("new_opportunities", "number", 10, 5, 12),
        ("proposals_sent", "number", 0, 10, 25),
        ("nps", "number", 5, 5, 5),
        ("units_sold", "number", None, 10, 4),
        ("lead_response_time", "number", 60, 30, None),
        ("open_pipeline_value", "currency", 0, 40000, 30000),
        ("employee_survey_item_score", "boolean", None, 1, 1),
        ("meetings_scheduled", "boolean", None, 1, 0),
        ("replies_received", "boolean", None, 1, None),
        ("collateral_usage_count", "task", None, 8, 3),
        ("rep_onboarding_time", "task", None, 4, 4),
        ("customer_onboarding_time", "task", None, 0, 1),
    ]
    for measure, kind, start, value, current in c.rng.sample(by_hand, 6):
        weight = Decimal(0) if all_zero else c.pick([None, Decimal(0), Decimal(1), Decimal("2.5")])
        manual(c, scope, parent, period, measure, kind, start, value, current, weight)
    measured = [
        ("customer_churn_rate", Decimal("0.1"), Decimal("0.06")),
        ("bookings_amount", Decimal(0), Decimal(20000)),
        ("bookings_amount", None, Decimal(20000)),
        ("deals_won", Decimal(2), Decimal(12)),
        ("customers_acquired", None, Decimal(8)),
        ("enps", Decimal(0), Decimal(30)),
    ]
    chosen = {measure: (start, value) for measure, start, value in c.rng.sample(measured, 3)}
    for measure, (start, value) in chosen.items():
        # A current value that somebody typed in is not looked at where the warehouse measures.
        target(
            c,
            "goal",
            scope,
            measure,
            period,
            value,
            parent_target_id=parent,
            start_value=start,
            current_value=Decimal(7) if c.chance(0.1) else None,
            weight=Decimal(0) if all_zero else c.pick([None, Decimal(1), Decimal(3)]),
        )


def manual(
    c: Generator,
    scope: tuple[str, str],
    parent: str | None,
    period: Period,
    measure: str,
    kind: str,
    start: int | None,
    value: int,
    current: int | None,
    weight: Decimal | None = None,
) -> None:
    """A goal whose current value a person reports."""
    target(
        c,
        "goal",
        scope,
        measure,
        period,
        Decimal(value),
        parent_target_id=parent,
        value_type=kind,
        start_value=None if start is None else Decimal(start),
        current_value=None if current is None else Decimal(current),
        currency=c.shape.currency if kind == "currency" else None,
        weight=weight,
    )
