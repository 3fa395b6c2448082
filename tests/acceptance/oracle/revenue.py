"""The KPIs of the area revenue."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from .cells import Cells, Key, Number, Reading, Record, finish, flow, ratio, roll_up
from .company import Company
from .deals import Deal
from .documents import SoldLine, sold_lines
from .periods import ONE_DAY, add_months, period_end, periods_between
from .stages import open_states

Members = dict[str, str | None]


def by_creation(company: Company) -> dict[str, Reading]:
    """The headline and its cohort twin."""
    horizon = company.world.options.conversion_horizon_days
    return {"headline": Reading(), "by_creation": Reading("cohort", days=horizon)}


def deal_members(company: Company, deal: Deal, day: date) -> Members:
    team = company.world.team(deal.owner, day)
    return {
        "rep": deal.owner,
        "team": team.team_id,
        "territory": team.territory_id,
        "region": team.region,
        "segment": deal.segment,
        "motion": deal.motion,
        "campaign": deal.campaign,
        "sales_play": deal.sales_play,
        "sourcing_rep": deal.sourced_by,
    }


def won_deals(company: Company) -> list[tuple[Deal, date]]:
    """G18: renewals are out."""
    return [
        (deal, deal.closed_on)
        for deal in company.deals
        if deal.is_won and deal.is_counted and deal.closed_on
    ]


def reported_wins(company: Company) -> list[tuple[Deal, date, date]]:
    """G12, as reported: every deal that was ever won, with the day and that of its owner's team."""
    found = []
    for deal in company.deals:
        won = [e.at for e in company.journeys[deal.deal_id].entries if e.stage.category == "won"]
        first = company.world.business_date(min(won)) if won else None
        if first is None and deal.is_won:
            first = deal.closed_on
        if first is not None and not deal.is_renewal:
            found.append((deal, first, deal.closed_on or company.world.as_of))
    return found


def bookings_amount(company: Company) -> Cells:
    """The value of won deals at the rate of the close; an unknown one is no record."""
    records = [
        Record(day, deal.value, deal_members(company, deal, owned), variant="as_reported")
        for deal, day, owned in reported_wins(company)
        if deal.value is not None
    ]
    for deal, closed_on in won_deals(company):
        if deal.value is not None:
            for variant, day in (("headline", closed_on), ("by_creation", deal.created_on)):
                members = deal_members(company, deal, day)
                records.append(Record(day, deal.value, members, variant=variant))
    dimensions = [
        "rep", "team", "territory", "region", "segment", "motion", "campaign", "sales_play",
    ]  # fmt: skip
    readings = by_creation(company) | {"as_reported": Reading()}
    return flow(company.frame, "bookings_amount", "sum", dimensions, readings, records)


def deals_won(company: Company) -> Cells:
    """How many deals were won."""
    records = [
        Record(day, 1, deal_members(company, deal, owned), variant="as_reported")
        for deal, day, owned in reported_wins(company)
    ]
    for deal, closed_on in won_deals(company):
        for variant, day in (("headline", closed_on), ("by_creation", deal.created_on)):
            records.append(Record(day, 1, deal_members(company, deal, day), variant=variant))
    dimensions = ["rep", "team", "territory", "sourcing_rep", "motion", "sales_play"]
    readings = by_creation(company) | {"as_reported": Reading()}
    return flow(company.frame, "deals_won", "sum", dimensions, readings, records)


def avg_deal_size(company: Company) -> Cells:
    """Mean value of the deals won; unknown is on neither side, 0 is a value.

    Open deals are a reading of their own, as known on each day.
    """
    records = [
        Record(closed_on, deal.value, deal_members(company, deal, closed_on))
        for deal, closed_on in won_deals(company)
        if deal.value is not None
    ]
    for journey in company.journeys.values():
        deal = journey.deal
        if deal.is_renewal:
            continue
        for state in open_states(company.world, journey):
            members = {
                "rep": deal.owner,
                "team": state.team_id,
                "region": company.world.region(state.territory_id),
                "segment": deal.segment,
                "motion": deal.motion,
            }
            if state.value is not None:
                records.append(
                    Record(state.since, state.value, members, 1, "open_deals", left=state.until)
                )
    dimensions = ["rep", "team", "region", "segment", "motion"]
    readings = {"headline": Reading(), "open_deals": Reading("snapshot", kind="ratio")}
    return roll_up(company.frame, "avg_deal_size", "average", dimensions, readings, records)


REVENUE_DIMENSIONS = [
    "rep", "team", "territory", "location", "channel", "product", "segment", "vertical",
]  # fmt: skip


def revenue_records(company: Company) -> list[Record]:
    """One record for each line of a document that counts; `restated` moves credit notes back."""
    records = []
    for sold in sold_lines(company):
        if sold.line.amount is not None:
            for variant, day in (
                ("headline", sold.invoice.issued_on),
                ("restated", sold.restated_on),
            ):
                records.append(Record(day, sold.line.amount, sold.members, variant=variant))
    return records


def net_sales_revenue(company: Company) -> Cells:
    """What was invoiced, less what was credited."""
    readings = {"headline": Reading(), "restated": Reading()}
    records = revenue_records(company)
    return flow(company.frame, "net_sales_revenue", "sum", REVENUE_DIMENSIONS, readings, records)


GROWTH_DIMENSIONS = ["rep", "team", "location"]


def monthly_sales_growth(company: Company) -> Cells:
    """Change of revenue against the month before; a month without sales is 0.

    The running month is compared with the same number of days of the month before. A month before
    of 0 or less has no growth. In constant currency both months are worth what they are at the
    rates of the first day of the later one.
    """
    frame, rates = company.frame, company.world.rates
    lines = [sold for sold in sold_lines(company) if sold.line.amount is not None]
    cells: Cells = {}
    if "month" not in frame.grains or not lines:
        return cells
    sold_by: dict[tuple[str, str], list[SoldLine]] = defaultdict(list)
    for sold in lines:
        sold_by["all", "all"].append(sold)
        for dimension in GROWTH_DIMENSIONS:
            sold_by[dimension, sold.members[dimension] or "unassigned"].append(sold)
    firsts = {cut: min(sold.invoice.issued_on for sold in own) for cut, own in sold_by.items()}
    opened = firsts["all", "all"]
    for dimension in GROWTH_DIMENSIONS:
        for member, since, until in frame.active.get(dimension, []):
            day = max(since or opened, opened)
            if day <= frame.as_of and (until is None or day < until):
                firsts[dimension, member] = min(day, firsts.get((dimension, member), day))
    for (dimension, member), first in firsts.items():
        own = sold_by[dimension, member]
        for start in periods_between(first, frame.as_of, "month"):
            end = period_end(start, "month")
            last = min(end - ONE_DAY, frame.as_of)
            before = add_months(start, -1)
            before_last = start - ONE_DAY
            if last < end - ONE_DAY:
                before_last = min(before_last, before + (last - start))
            months = ((start, last), (before, before_last))

            def constant(sold: SoldLine, start: date = start) -> Decimal | None:
                return rates.convert(sold.line.net_amount, sold.invoice.currency, start)

            for variant, worth in (("headline", amount_of), ("constant_currency", constant)):
                now, then = (
                    sum(
                        (worth(s) or Decimal(0) for s in own if day <= s.invoice.issued_on <= to),
                        Decimal(0),
                    )
                    for day, to in months
                )
                key = Key(
                    "monthly_sales_growth", variant, "event", "month", start, dimension, member
                )
                # Before the first month nothing is known, and what is not known is no 0.
                below = then if then > 0 else None
                value = ratio(now - then, below)
                cells[key] = finish(frame, key, Reading(), now - then, below, 1, value)
    return cells


def amount_of(sold: SoldLine) -> Decimal | None:
    """What a line is worth at the rate of its own day."""
    return sold.line.amount


#: reading -> the measure of the quotas that it follows
QUOTA_READINGS = {
    "headline": "bookings_amount",
    "as_reported": "bookings_amount",
    "deals_won": "deals_won",
    "net_sales_revenue": "net_sales_revenue",
}
QUOTA_GRAINS = ("week", "month", "quarter", "year")


def quota_attainment(company: Company) -> Cells:
    """What reps with a quota achieved in its period, over the quota, in the quota's measure.

    A rep without a quota has no attainment where others have one, and is in no total.
    """
    world = company.world
    achieved: dict[str, dict[str, list[tuple[date, Number]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for deal, closed_on in won_deals(company):
        achieved["deals_won"][deal.owner].append((closed_on, 1))
        if deal.value is not None:
            achieved["headline"][deal.owner].append((closed_on, deal.value))
    for deal, day, _ in reported_wins(company):
        if deal.value is not None:
            achieved["as_reported"][deal.owner].append((day, deal.value))
    for record in revenue_records(company):
        if record.variant == "headline" and record.numerator is not None:
            rep = record.members["rep"] or "unassigned"
            achieved["net_sales_revenue"][rep].append((record.day, record.numerator))
    records = []
    quotas: dict[tuple[str, str, date, date], set[str]] = defaultdict(set)
    for row in world.alive("targets"):
        is_quota = row["target_kind"] == "quota" and row["scope_type"] == "rep"
        if not is_quota or row["measure_id"] not in QUOTA_READINGS.values():
            continue
        start, end = row["period_start"], row["period_end"]
        if row["period_type"] not in QUOTA_GRAINS or start > world.as_of:
            continue
        quota = row["target_value"]
        if row["measure_id"] != "deals_won":
            quota = world.rates.convert(quota, row["currency"], start)
        rep = row["scope_id"]
        team = world.team(rep, start)
        members = {
            "rep": rep,
            "team": team.team_id,
            "territory": team.territory_id,
            "role": team.role,
        }
        for variant, measure in QUOTA_READINGS.items():
            if measure == row["measure_id"]:
                quotas[variant, row["period_type"], start, end].add(rep)
                done = sum_between(achieved[variant][rep], start, end)
                grain = row["period_type"]
                records.append(Record(start, done, members, quota, variant, grain=grain))
    for (variant, grain, start, end), with_quota in quotas.items():
        for rep, values in achieved[variant].items():
            if rep not in with_quota and sum_between(values, start, end):
                nobody = {"rep": rep}
                records.append(Record(start, None, nobody, None, variant, grain=grain))
    readings = {variant: Reading() for variant in QUOTA_READINGS}
    dimensions = ["rep", "team", "territory", "role"]
    return flow(company.frame, "quota_attainment", "ratio", dimensions, readings, records)


def sum_between(values: list[tuple[date, Number]], start: date, end: date) -> Decimal:
    return sum((Decimal(value) for day, value in values if start <= day < end), Decimal(0))


VELOCITY_DIMENSIONS = ["rep", "team", "segment", "motion"]


def sales_velocity(company: Company) -> Cells:
    """Deals worked x average deal size x win rate / cycle length, over one window of 90 days."""
    frame, world = company.frame, company.world
    groups: dict[tuple[str, str], list[Deal]] = defaultdict(list)
    for deal in company.deals:
        if deal.is_counted:
            groups["all", "all"].append(deal)
            members = deal_members(company, deal, deal.closed_on or world.as_of)
            for dimension in VELOCITY_DIMENSIONS:
                groups[dimension, members[dimension] or "unassigned"].append(deal)
    cells: Cells = {}
    for (dimension, member), deals in groups.items():
        first = min(deal.created_on for deal in deals)
        for grain in frame.grains:
            if grain not in ("month", "quarter", "year"):
                continue
            for start in periods_between(first, world.as_of, grain):
                end = min(period_end(start, grain), world.as_of + ONE_DAY)
                since = end - timedelta(days=world.options.velocity_window_days)
                worked = [
                    d
                    for d in deals
                    if d.created_on < end and (d.closed_on is None or d.closed_on >= since)
                ]
                if not worked:
                    continue
                key = Key("sales_velocity", "headline", "event", grain, start, dimension, member)
                above, below = velocity_factors(worked, since, end)
                value = ratio(above, below)
                cells[key] = finish(frame, key, Reading(), above, below, len(worked), value)
    return cells


def velocity_factors(
    worked: list[Deal], since: date, end: date
) -> tuple[float | None, float | None]:
    """Numerator and denominator of the velocity of one window."""
    decided = [d for d in worked if d.is_decided and d.closed_on and since <= d.closed_on < end]
    won = [deal for deal in decided if deal.is_won]
    sizes = [float(deal.value) for deal in won if deal.value is not None]
    cycles = [deal.cycle_days for deal in won if deal.cycle_days is not None]
    below = float(sum(cycles, Decimal(0))) / len(cycles) if cycles else None
    if not sizes or not decided:
        return None, below
    size, rate = sum(sizes) / len(sizes), len(won) / len(decided)
    return len(worked) * size * rate, below


KPIS = [
    avg_deal_size,
    bookings_amount,
    deals_won,
    monthly_sales_growth,
    net_sales_revenue,
    quota_attainment,
    sales_velocity,
]
