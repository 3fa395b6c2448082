"""The KPIs of the area revenue that compare with a target, a benchmark or among reps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from .calendars import last_active_working_day
from .cells import MONTH_GRAINS, TARGET_GRAINS, Cells, Number, Reading, Record, roll_up
from .company import Company
from .customer_kpis import customers_acquired
from .periods import MILLIONTH, ONE_DAY, add_months, period_end, periods_between
from .revenue import (
    bookings_amount,
    deal_members,
    deals_won,
    net_sales_revenue,
    quota_attainment,
    won_deals,
)
from .sales import units_sold
from .targets import (
    actual_against_target,
    chosen_targets,
    day_sums,
    months_of,
    sum_of_days,
)
from .world import Row, World

Kpi = Callable[[Company], Cells]

#: what a target may be of, the reading it is in, and what it can be cut by
MEASURES: dict[str, tuple[str, Kpi, set[str]]] = {
    "net_sales_revenue": (
        "headline",
        net_sales_revenue,
        {"rep", "team", "territory", "location", "vertical"},
    ),
    "bookings_amount": ("bookings_amount", bookings_amount, {"rep", "team", "territory"}),
    "units_sold": ("units_sold", units_sold, {"rep", "team", "territory", "location", "vertical"}),
    "customers_acquired": ("customers_acquired", customers_acquired, {"rep", "location"}),
    "deals_won": ("deals_won", deals_won, {"rep", "team", "territory"}),
}


def sales_vs_target(company: Company) -> Cells:
    """What was done by as_of in the period of a target, over the target and over what is due."""
    as_of = company.world.as_of
    done = {name: day_sums(company.cells_of(kpi)) for name, (_, kpi, _) in MEASURES.items()}
    cells: Cells = {}
    for target in chosen_targets(company.world, ("goal", "quota"), set(MEASURES)):
        variant, _, dimensions = MEASURES[target.measure]
        if target.dimension != "all" and target.dimension not in dimensions:
            continue
        by_day = done[target.measure].get((target.dimension, target.member), {})
        actual = sum_of_days(by_day, target.start, min(target.end, as_of + ONE_DAY))
        cells |= actual_against_target(
            company, "sales_vs_target", target, actual, variant, is_pace=True
        )
    return cells


def reps_at_quota_pct(company: Company) -> Cells:
    """Reps with a quota above 0 who reached it; who left within the period is out."""
    world = company.world
    ends = {
        (row["scope_id"], row["period_type"], row["period_start"]): row["period_end"]
        for row in world.alive("targets")
        if row["target_kind"] == "quota" and row["scope_type"] == "rep"
    }
    records = []
    for key, cell in company.cells_of(quota_attainment).items():
        if key.dimension != "rep" or not cell.denominator or cell.denominator <= 0:
            continue
        if key.variant == "as_reported":
            continue
        rep, start = key.dimension_value, key.period_start
        left = world.reps.get(rep, {}).get("terminated_on") or date.max
        has_left = left < ends[rep, key.period_grain, start] and left <= world.as_of
        if has_left and not world.options.include_leavers:
            continue
        team = world.team(rep, start)
        members = {"team": team.team_id, "territory": team.territory_id, "role": team.role}
        is_there = int(cell.kpi_value is not None and cell.kpi_value >= 1)
        records.append(Record(start, is_there, members, 1, key.variant, grain=key.period_grain))
    readings = {name: Reading() for name in ("headline", "deals_won", "net_sales_revenue")}
    dimensions = ["team", "territory", "role"]
    return roll_up(
        company.frame, "reps_at_quota_pct", "rate", dimensions, readings, records, TARGET_GRAINS
    )


def is_employed_all(rep: Row, start: date, after: date) -> bool:
    """Employed on every day of `[start, after)`."""
    return rep["hired_on"] <= start and (
        rep["terminated_on"] is None or rep["terminated_on"] >= after
    )


def rep_sales_vs_benchmark(company: Company) -> Cells:
    """A rep's month against the benchmark, else against the mean of the others of the role."""
    records = [
        *benchmark_records(company, "net_sales_revenue", net_sales_revenue, "headline"),
        *benchmark_records(company, "bookings_amount", bookings_amount, "bookings"),
    ]
    readings = {
        "headline": Reading(),
        "bookings": Reading(),
        "declining": Reading(kind="rate"),
    }
    dimensions = ["rep", "team", "role", "benchmark_source"]
    return roll_up(
        company.frame,
        "rep_sales_vs_benchmark",
        "ratio",
        dimensions,
        readings,
        records,
        ["month"],
    )


def benchmark_records(company: Company, measure: str, kpi: Kpi, variant: str) -> list[Record]:
    """The months of every rep from the first sale of anybody; decline from the sales alone."""
    world = company.world
    done = day_sums(company.cells_of(kpi))
    sold_on = [
        key.period_start
        for key, cell in company.cells_of(kpi).items()
        if (key.variant, key.period_grain, key.dimension) == ("headline", "day", "all")
        and cell.sample_size
    ]
    if not sold_on:
        return []
    aims = {
        (target.member, target.start): target.value
        for target in chosen_targets(world, ("benchmark",), {measure})
        if target.dimension == "rep" and target.grain == "month"
    }
    reps = world.alive("reps")
    records = []
    for start, after in months_of(min(sold_on), world.as_of):
        sales = {
            rep["rep_id"]: sum_of_days(done.get(("rep", rep["rep_id"]), {}), start, after)
            for rep in reps
        }
        before = add_months(start, -1)
        for rep in reps:
            key, left = rep["rep_id"], rep["terminated_on"]
            if rep["hired_on"] >= after or (left is not None and left <= start):
                continue
            aim, source = benchmark(world, rep, reps, sales, aims, start, after)
            team = world.team(key, max(start, rep["hired_on"]))
            members = {
                "rep": key,
                "team": team.team_id,
                "role": team.role,
                "benchmark_source": source,
            }
            sold = None if aim is None else sales[key]  # beside nothing, it would inflate a team
            records.append(Record(start, sold, members, aim, variant, grain="month"))
            is_known = after <= world.as_of + ONE_DAY and is_employed_all(rep, before, after)
            if variant == "headline" and is_known:
                earlier = sum_of_days(done.get(("rep", key), {}), before, start)
                fell = int(sales[key] < earlier)
                alone = members | {"benchmark_source": None}
                records.append(Record(start, fell, alone, 1, "declining", grain="month"))
    return records


def benchmark(
    world: World,
    rep: Row,
    reps: list[Row],
    sales: dict[str, Decimal],
    aims: dict[tuple[str, date], Decimal | None],
    start: date,
    after: date,
) -> tuple[Number | None, str | None]:
    """What a rep's month is compared with, and where that comes from."""
    if (rep["rep_id"], start) in aims:
        return aims[rep["rep_id"], start], "target"
    role = world.team(rep["rep_id"], start).role
    peers = [
        sales[peer["rep_id"]]
        for peer in reps
        if peer["rep_id"] != rep["rep_id"]
        and is_employed_all(peer, start, after)
        and world.team(peer["rep_id"], start).role == role
    ]
    if role is None or not peers:
        return None, None
    mean = sum(peers, Decimal(0)) / len(peers)
    return mean.quantize(MILLIONTH, ROUND_HALF_UP), "role_peers"


def avg_deals_won_per_rep(company: Company) -> Cells:
    """Deals won over the reps of a closing role who were at work on a day of the period."""
    world, frame = company.world, company.frame
    records = [
        Record(closed_on, 1, deal_members(company, deal, closed_on), 0)
        for deal, closed_on in won_deals(company)
    ]
    for grain, start, rep, day in rep_periods(company):
        team = world.team(rep, day)
        if team.role in world.options.closing_roles:
            members = {"team": team.team_id, "territory": team.territory_id}
            records.append(Record(start, 0, members, 1, grain=grain))
    readings = {"headline": Reading()}
    dimensions = ["team", "territory"]
    return roll_up(
        frame, "avg_deals_won_per_rep", "ratio", dimensions, readings, records, MONTH_GRAINS
    )


def rep_periods(company: Company) -> list[tuple[str, date, str, date]]:
    """Grain, start, rep and last active working day of every period in which a rep worked."""
    world = company.world
    found = []
    for rep in world.alive("reps"):
        for grain in company.frame.grains:
            if grain not in MONTH_GRAINS:
                continue
            for start in periods_between(rep["hired_on"], world.as_of, grain):
                day = last_active_working_day(
                    world, company.calendars, rep, start, period_end(start, grain)
                )
                if day:
                    found.append((grain, start, rep["rep_id"], day))
    return found


KPIS = [avg_deals_won_per_rep, rep_sales_vs_benchmark, reps_at_quota_pct, sales_vs_target]
