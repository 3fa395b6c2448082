"""What the company wants to reach: benchmarks for people, targets of places, the goals of 2025."""

from typing import Any

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo import writing
from demo.company import Company
from demo.timeline import MONTH_STARTS, N_MONTHS
from demo.writing import Table

_YEAR = 24  # months from January 2023 to the year of the goals


def benchmarks(company: Company, rng: Generator) -> Table:
    """By month: outreach of those who prospect, bookings of those who close."""
    roster = company.roster
    parts = []
    for roles, for_outreach in (((0, 1), True), ((2,), False)):
        rep = np.flatnonzero(np.isin(roster.role, roles))
        level = rng.uniform(0.85, 1.15, len(rep))
        for number in range(N_MONTHS):
            first, after = MONTH_STARTS[number], MONTH_STARTS[number + 1]
            employed = (roster.hired[rep] < first) & (roster.terminated[rep] > after)
            here = np.flatnonzero(employed)
            usual = 40.0 if for_outreach else 26_000 * (1 + 0.02 * number)
            value = np.round(usual * level[here], 0 if for_outreach else -3)
            parts.append(
                (rep[here], np.full(len(here), number), np.full(len(here), for_outreach), value)
            )
    reps, month, is_outreach, values = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    n = len(reps)
    measure = (~is_outreach).astype(np.int8)
    return {
        "target_id": writing.ids("B", np.arange(n), 6),
        "target_kind": writing.fixed("benchmark", n),
        "scope_type": writing.fixed("rep", n),
        "scope_id": writing.ids("R", reps, 4),
        "measure_id": writing.codes(("outreach_activities_completed", "bookings_amount"), measure),
        "value_type": writing.codes(("number", "currency"), measure),
        "period_type": writing.fixed("month", n),
        "period_start": writing.on(MONTH_STARTS[month]),
        "period_end": writing.on(MONTH_STARTS[month + 1]),
        "target_value": writing.number(values),
        "currency": writing.codes(("USD",), np.where(is_outreach, -1, 0)),
    }


def goals(company: Company, root: str, yearly: float) -> Table:
    """A tree for 2025: the bookings goal `root` of the company, worth `yearly` US dollars, what
    leads to it, and the part of each team, which leave a part to nobody; what the stores are to
    sell; the plan of each month, and what others of the industry reach."""
    teams = co.n_teams(len(company.roster.role))
    rows: list[dict[str, Any]] = []

    def add(scope: str, scope_id: str, measure: str, value: float, **more: Any) -> str:
        is_money = measure in ("bookings_amount", "net_sales_revenue")
        key = f"G{len(rows):04d}"
        rows.append(
            {
                "target_id": key, "parent_target_id": None, "target_kind": "goal",
                "scope_type": scope, "scope_id": scope_id, "measure_id": measure,
                "value_type": "currency" if is_money else "number", "period_type": "year",
                "from_month": _YEAR, "months": 12, "start_value": None, "target_value": value,
                "current_value": None, "currency": "USD" if is_money else None, "weight": None,
            } | more
        )  # fmt: skip
        return key

    def of_company(measure: str, value: float, **more: Any) -> str:
        return add("company", "company", measure, value, parent_target_id=root, **more)

    of_company("customer_churn_rate", 0.10, start_value=0.175, weight=2.0)
    of_company("enps", 25, start_value=10)
    of_company("customers_acquired", max(1, round(520 * company.scale)), start_value=0, weight=2.0)
    of_company("nps", 35, start_value=15)
    of_company("lead_response_time", 2_880, start_value=12_000)
    of_company("collateral_usage_count", 12, value_type="task", current_value=9, start_value=0)
    of_company("sales_process_adherence_rate", 1, value_type="boolean", current_value=1)
    of_company("employee_survey_item_score", 1, value_type="boolean", current_value=0)
    for team in range(teams):
        scope = ("team", f"T{team:02d}")
        part = round(0.95 * yearly / teams, -3)
        branch = add(*scope, "bookings_amount", part, parent_target_id=root, start_value=0)
        deals = max(1, round(100 * company.scale / teams * 5))
        add(*scope, "deals_won", deals, parent_target_id=branch, start_value=0, weight=2.0)
        add(*scope, "enps", 20, parent_target_id=branch, start_value=0)
        add(*scope, "rep_onboarding_time", 4, parent_target_id=branch, value_type="task",
            start_value=0, current_value=1 + team % 4)  # fmt: skip
    for place in range(len(co.LOCATIONS)):
        yearly_sales = {"field": 4_800_000, "online": 600_000, "store": 150_000}
        value = yearly_sales[co.LOCATIONS[place][1]] * company.scale / 4
        for quarter in range(4):
            if place == co.CONTROL and quarter == 3:
                continue  # closed by then
            add("location", f"LOC{place:02d}", "net_sales_revenue", round(value, -3),
                target_kind="quota", period_type="quarter", from_month=_YEAR + 3 * quarter,
                months=3)  # fmt: skip

    for month in range(12):
        here: dict[str, Any] = {"period_type": "month", "from_month": _YEAR + month, "months": 1}
        share = (0.8 + 0.4 * month / 11) / 12  # of the year: sales grow
        for measure, value in (
            ("bookings_amount", round(yearly * share, -3)),
            ("customers_acquired", max(1, round(500 * share * company.scale))),
            ("new_leads", max(1, round(13_000 * share * company.scale))),
        ):
            add("company", "company", measure, value, target_kind="quota", **here)
        add("company", "company", "win_rate", 0.42, target_kind="benchmark", **here)
        add("industry", "software", "email_open_rate", 0.24, target_kind="benchmark", **here)
    for quarter in range(4):
        here = {"period_type": "quarter", "from_month": _YEAR + 3 * quarter, "months": 3}
        add("company", "company", "mql_to_customer_rate", 0.1, target_kind="benchmark", **here)
        add("industry", "software", "win_rate", 0.38, target_kind="benchmark", **here)

    def texts(name: str) -> writing.Column:
        return writing.texts([row[name] for row in rows])

    def numbers(name: str) -> writing.Column:
        values = [np.nan if row[name] is None else row[name] for row in rows]
        return writing.number(np.array(values, dtype=float))

    first = np.array([row["from_month"] for row in rows])
    months = np.array([row["months"] for row in rows])
    labels = ("target_id", "parent_target_id", "target_kind", "scope_type", "scope_id",
              "measure_id", "value_type", "period_type", "currency")  # fmt: skip
    return {
        **{name: texts(name) for name in labels},
        **{name: numbers(name) for name in ("start_value", "target_value", "current_value",
                                            "weight")},
        "period_start": writing.on(MONTH_STARTS[first]),
        "period_end": writing.on(MONTH_STARTS[first + months]),
    }  # fmt: skip


def goal_tables(company: Company, seed: int, quotas: Table) -> dict[str, Table]:
    """More files of targets by suffix. The last quota row is the company's goal of 2025."""
    value = quotas["target_value"].arrays[0][-1]
    root = f"Q{writing.rows_in(quotas) - 1:06d}"
    return {
        "_benchmarks": benchmarks(company, np.random.default_rng([seed, 7])),
        "_goals_2025": goals(company, root, float(value)),
    }
