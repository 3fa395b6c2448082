"""The KPIs of the area outreach that count touches, prospects and their conversion."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from .activities import Activities, Activity, Prospect, first_win, in_order, lead_by_id
from .cells import MONTH_GRAINS, TARGET_GRAINS, Cells, Reading, Record, finish, flow, roll_up
from .company import Company
from .deals import Deal
from .funnel import Entrant, conversion
from .periods import add_months
from .targets import actual_against_target, chosen_targets, day_sums, sum_of_days

Members = dict[str, str | None]


def touch_members(company: Company, touch: Activity, day: date | None = None) -> Members:
    """The rep, and where the rep belonged on the day."""
    team = company.world.team(touch.rep, day or touch.day)
    return {
        "rep": touch.rep,
        "team": team.team_id,
        "territory": team.territory_id,
        "role": team.role,
        "activity_type": touch.kind,
        "direction": touch.direction,
        "method": touch.kind,
    }


def prospect_members(company: Company, prospect: Prospect) -> Members:
    """Rep and method of the first touch, and what the person's earliest lead knows."""
    lead = prospect.lead
    rep = company.world.reps.get(prospect.first.rep or "")
    return {
        **touch_members(company, prospect.first),
        "segment": company.world.account(lead.account_id).get("segment") if lead else None,
        "channel": lead.channel if lead else None,
        "campaign": lead.campaign if lead else None,
        "tenure": tenure(rep["hired_on"], prospect.first.day) if rep else None,
    }


def tenure(hired_on: date, day: date) -> str:
    """How long a rep had been there, in months; a step begins with its lower bound."""
    for months, name in ((3, "00-03"), (6, "03-06"), (12, "06-12")):
        if day < add_months(hired_on, months):
            return name
    return "12+"


def sales_activities(company: Company) -> Cells:
    """What people did, in both directions, on the rep's own date."""
    activities = company.activities
    deals, leads = company.deals_by_id, lead_by_id(company.leads)
    records = []
    for activity in activities.human:
        deal, lead = deals.get(activity.deal_id or ""), leads.get(activity.lead_id or "")
        members = touch_members(company, activity)
        members["motion"] = (deal.motion if deal else None) or (lead.motion if lead else None)
        records.append(Record(activities.rep_local_on(activity), 1, members))
    dimensions = ["rep", "team", "territory", "role", "activity_type", "direction", "motion"]
    readings = {"headline": Reading()}
    return flow(company.frame, "sales_activities", "sum", dimensions, readings, records)


def activity_to_opportunity_ratio(company: Company) -> Cells:
    """Deals sourced over what was done to get them; the touches of 30 days before, and by type."""
    activities = company.activities
    records = []
    for activity in activities.human:
        day, members = activities.rep_local_on(activity), touch_members(company, activity)
        later = day + timedelta(days=30)
        records.append(Record(day, 0, members))
        records.append(Record(day, 1, members, 0, "per_opportunity"))
        records.append(Record(later, 0, members, 1, "lagged"))
    for touch in activities.outbound:
        members = touch_members(company, touch)
        key = f"activity {touch.activity_id}"
        records.append(Record(touch.day, 0, members, 1, "by_type", key=key))
    for deal in company.deals:
        if not deal.is_counted:
            continue
        day = deal.created_on
        team = company.world.team(deal.sourced_by, day)
        members = {"rep": deal.sourced_by, "team": team.team_id, "role": team.role}
        records.append(Record(day, 1, members, 0))
        records.append(Record(day, 0, members, 1, "per_opportunity"))
        records.append(Record(day, 1, members, 0, "lagged"))
        for kind in types_before(activities, deal):
            typed = members | {"activity_type": kind}
            key = f"deal {deal.deal_id}"
            records.append(Record(day, 1, typed, 0, "by_type", key=key))
    readings = {
        "headline": Reading(),
        "per_opportunity": Reading(),
        "lagged": Reading(),
        "by_type": Reading(distinct=True),
    }
    dimensions = ["rep", "team", "role", "activity_type"]
    kpi_id = "activity_to_opportunity_ratio"
    return roll_up(company.frame, kpi_id, "ratio", dimensions, readings, records, MONTH_GRAINS)


def types_before(activities: Activities, deal: Deal) -> set[str]:
    """How the persons of a deal were touched before it was created."""
    prospects = [activities.prospects.get(person) for person in activities.persons_of_deal(deal)]
    return {
        touch.kind
        for prospect in prospects
        if prospect
        for touch in prospect.touches
        if touch.moment < deal.created_at
    }


# Cold outreach


def cold_touches(company: Company) -> list[Activity]:
    """Outbound to somebody who is no customer; a dialling machine may be behind a call."""
    return [
        activity
        for activity in company.activities.all
        if activity.is_completed
        and activity.direction == "outbound"
        and activity.is_cold
        and not activity.is_auto_reply
        and not activity.is_with_customer
        and (activity.kind == "call" or not activity.is_automated)
    ]


COLD_DIMENSIONS = ["rep", "team", "territory"]


def cold_emails_sent(company: Company) -> Cells:
    """Cold e-mails that a rep sent."""
    records = [
        Record(touch.day, 1, touch_members(company, touch))
        for touch in cold_touches(company)
        if touch.kind == "email"
    ]
    readings = {"headline": Reading()}
    return flow(company.frame, "cold_emails_sent", "sum", COLD_DIMENSIONS, readings, records)


def cold_calls_made(company: Company) -> Cells:
    """Cold calls, dialled by whomever; messages left are a reading of their own."""
    variants = {"call": "headline", "voicemail": "voicemail_drops"}
    records = [
        Record(touch.day, 1, touch_members(company, touch), variant=variants[touch.kind])
        for touch in cold_touches(company)
        if touch.kind in variants
    ]
    readings = {"headline": Reading(), "voicemail_drops": Reading()}
    return flow(company.frame, "cold_calls_made", "sum", COLD_DIMENSIONS, readings, records)


def outreach_activities_completed(company: Company) -> Cells:
    """Cold touches of every type."""
    records = [
        Record(touch.day, 1, touch_members(company, touch)) for touch in cold_touches(company)
    ]
    dimensions = [*COLD_DIMENSIONS, "activity_type"]
    kpi_id, readings = "outreach_activities_completed", {"headline": Reading()}
    return flow(company.frame, kpi_id, "sum", dimensions, readings, records)


def outreach_vs_benchmark(company: Company) -> Cells:
    """Cold touches over the benchmark of the company, a team, a rep or a territory."""
    by_member = day_sums(company.cells_of(outreach_activities_completed))
    cells: Cells = {}
    measures = {"outreach_activities_completed"}
    for target in chosen_targets(company.world, ("benchmark",), measures):
        if target.dimension in ("all", *COLD_DIMENSIONS) and target.grain in TARGET_GRAINS:
            by_day = by_member.get((target.dimension, target.member), {})
            done = sum_of_days(by_day, target.start, target.end)
            cells |= actual_against_target(
                company, "outreach_vs_benchmark", target, done, "headline", False
            )
    return cells


# Prospects


def prospects_contacted(company: Company) -> Cells:
    """Persons touched in a period, each once; `new` ones in the period of their first touch."""
    records = []
    for prospect in company.activities.prospects.values():
        channel = prospect.lead.channel if prospect.lead else None
        for variant, touches in (("headline", prospect.touches), ("new", [prospect.first])):
            for touch in touches:
                members = touch_members(company, touch) | {"channel": channel}
                records.append(Record(touch.day, 1, members, variant=variant, key=prospect.person))
    dimensions = ["rep", "team", "territory", "method", "channel"]
    readings = {"headline": Reading(distinct=True), "new": Reading(distinct=True)}
    return flow(company.frame, "prospects_contacted", "sum", dimensions, readings, records)


@dataclass
class Unit:
    """An account, or a person without one, that was touched."""

    account: str | None
    touches: list[Activity]
    won: Deal | None


def units(company: Company) -> list[Unit]:
    """Who was reached and was no customer then, with the win that followed.

    A touch of an account counts even if it names nobody.
    """
    activities = company.activities
    touched: dict[str, list[Activity]] = defaultdict(list)
    for touch in activities.outbound:
        account = activities.account_of_touch(touch)
        if name := f"account {account}" if account else touch.person:
            touched[name].append(touch)
    found = []
    for name, touches in touched.items():
        first = min(touches, key=in_order)
        account = activities.account_of_touch(first)
        if activities.is_customer(account, first.day):
            continue
        accounts = {account}
        if account is None:
            accounts = {deal.account_id for deal in activities.deals_of.get(name, [])}
        deals = [deal for deal in company.deals if deal.account_id in accounts]
        found.append(Unit(account, touches, first_win(deals, first.moment)))
    return found


def customer_acquisition_rate(company: Company) -> Cells:
    """Of the prospects reached for the first time, those that became customers."""
    entrants = []
    for unit in units(company):
        first = min(unit.touches, key=in_order)
        until = unit.won.closed_at if unit.won else None
        members = touch_members(company, first)
        members["segment"] = company.world.account(unit.account).get("segment")
        members["touch_bucket"] = bucket(unit.touches, until)
        won_on = unit.won.closed_on if unit.won else None
        entrants.append(Entrant(first.day, won_on, True, members))
    dimensions = ["rep", "team", "method", "territory", "segment", "touch_bucket"]
    grains = [grain for grain in company.frame.grains if grain in MONTH_GRAINS]
    monthly = replace(company, frame=replace(company.frame, grains=grains))
    return conversion(
        monthly, "customer_acquisition_rate", dimensions, entrants, headline="within_horizon"
    )


def bucket(touches: list[Activity], until: datetime | None) -> str:
    """How many touches it took."""
    count = sum(until is None or touch.moment <= until for touch in touches)
    for most, name in ((1, "1"), (3, "2-3"), (6, "4-6")):
        if count <= most:
            return name
    return "7+"


def conversion_rate_by_touch_count(company: Company) -> Cells:
    """Of the prospects touched at least k times, those who converted after exactly k touches.

    Only those who had the time to convert.
    """
    options = company.world.options
    horizon = timedelta(days=options.conversion_horizon_days)
    records = []
    for prospect in company.activities.prospects.values():
        if prospect.was_customer or prospect.first.day + horizon > company.world.as_of:
            continue
        count = len(spaced(prospect.touches_until_won(), options.touch_gap_minutes))
        for number in range(1, min(count, options.max_touches) + 1):
            members = prospect_members(company, prospect) | {"touch_number": f"{number:02}"}
            converted = prospect.won is not None and number == count
            records.append(Record(prospect.first.day, int(converted), members))
    kpi_id, dimensions = "conversion_rate_by_touch_count", ["touch_number", "rep", "method"]
    reading = Reading("cohort", days=options.conversion_horizon_days, min_sample=options.min_n)
    cells = roll_up(
        company.frame, kpi_id, "rate", dimensions, {"headline": reading}, records, MONTH_GRAINS
    )
    return cells | drop_offs(company, cells)


def spaced(touches: list[Activity], gap_minutes: int) -> list[Activity]:
    """A touch too soon after one of the same type that counts is the same touch."""
    counted: dict[str, datetime] = {}
    found = []
    for touch in touches:
        known = counted.get(touch.kind)
        if known is None or touch.moment - known >= timedelta(minutes=gap_minutes):
            counted[touch.kind] = touch.moment
            found.append(touch)
    return found


def drop_offs(company: Company, cells: Cells) -> Cells:
    """The last touch that converts at least as well as the average one."""
    options = company.world.options
    found: Cells = {}
    for whole, total in cells.items():
        if whole.dimension != "all":
            continue
        best = None
        for key, cell in sorted(cells.items()):
            is_same = (key.period_grain, key.period_start) == whole[3:5]
            if not is_same or key.dimension != "touch_number":
                continue
            above, below = int(cell.numerator or 0), int(cell.denominator or 0)
            mean_above, mean_below = int(total.numerator or 0), int(total.denominator or 0)
            if below >= options.min_n and above * mean_below >= mean_above * below:
                best = int(key.dimension_value), cell.sample_size
        if best:
            touch, size = best
            key = whole._replace(variant="drop_off_touch")
            reading = Reading("cohort", days=options.conversion_horizon_days)
            found[key] = finish(company.frame, key, reading, touch, None, size, float(touch))
    return found


def conversion_rate_by_outreach_method(company: Company) -> Cells:
    """Of the prospects reached in a way, those who bought: the first way, the usual one, or any."""
    records = []
    for prospect in company.activities.prospects.values():
        if prospect.was_customer:
            continue
        members = prospect_members(company, prospect)
        kinds = [touch.kind for touch in prospect.touches_until_won()]
        # Counter keeps the order of first use, and so does most_common among equals.
        majority = Counter(kinds).most_common(1)[0][0]
        ways = [("headline", prospect.first.kind), ("majority_type", majority)]
        ways += [("any_type", kind) for kind in dict.fromkeys(kinds)]
        for variant, kind in ways:
            above = int(prospect.won is not None)
            own = members | {"method": kind}
            records.append(Record(prospect.first.day, above, own, 1, variant, key=prospect.person))
    days = company.world.options.conversion_horizon_days
    readings = {
        "headline": Reading("cohort", days=days),
        "majority_type": Reading("cohort", days=days),
        "any_type": Reading("cohort", days=days, distinct=True),
    }
    kpi_id, dimensions = "conversion_rate_by_outreach_method", ["method", "rep"]
    return roll_up(company.frame, kpi_id, "rate", dimensions, readings, records, MONTH_GRAINS)


KPIS = [
    activity_to_opportunity_ratio,
    cold_calls_made,
    cold_emails_sent,
    conversion_rate_by_outreach_method,
    conversion_rate_by_touch_count,
    customer_acquisition_rate,
    outreach_activities_completed,
    outreach_vs_benchmark,
    prospects_contacted,
    sales_activities,
]
