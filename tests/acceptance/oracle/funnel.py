"""The KPIs of the area funnel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import floor

from .cells import Cells, Reading, Record, flow, stock
from .company import Company
from .customers import first_purchase_at
from .leads import Lead, lifecycle
from .periods import ONE_DAY
from .stages import open_states
from .world import Row, World, decimal_days, in_days

Members = dict[str, str | None]
LEAD_DIMENSIONS = ["rep", "team", "channel", "campaign", "segment"]
STAGE_DIMENSIONS = ["stage", "pipeline", "rep", "team"]


def lead_members(world: World, lead: Lead) -> Members:
    """A lead's team is that of its owner on its creation date."""
    return {
        "rep": lead.owner,
        "team": world.team(lead.owner, world.business_date(lead.created_at)).team_id,
        "channel": lead.channel,
        "campaign": lead.campaign,
        "segment": world.account(lead.account_id).get("segment"),
    }


@dataclass
class Entrant:
    """Who entered a state, and whether and when the next was reached."""

    entered_on: date
    reached_on: date | None
    is_open: bool
    members: Members


def conversion(
    company: Company,
    kpi_id: str,
    dimensions: list[str],
    entrants: Iterable[Entrant],
    headline: str = "to_date",
) -> Cells:
    """The four readings of a conversion: three of the cohort that entered, one of events."""
    frame, horizon = company.frame, company.world.options.conversion_horizon_days
    cohort = Reading("cohort", days=horizon)
    names = {
        name: "headline" if name == headline else name
        for name in ("to_date", "within_horizon", "still_open")
    }
    records = []
    for entrant in entrants:
        entered, reached = entrant.entered_on, entrant.reached_on
        if reached and reached > frame.as_of:
            reached = None
        in_time = reached is not None and reached <= entered + timedelta(days=horizon)
        answers = {
            "to_date": reached is not None,
            "within_horizon": in_time,
            "still_open": reached is None and entrant.is_open,
        }
        for name, variant in names.items():
            records.append(Record(entered, int(answers[name]), entrant.members, variant=variant))
        records.append(Record(entered, 0, entrant.members, 1, "by_event"))
        if reached:
            records.append(Record(reached, 1, entrant.members, 0, "by_event"))
    readings = dict.fromkeys(names.values(), cohort) | {"by_event": Reading("event")}
    return flow(frame, kpi_id, "rate", dimensions, readings, records)


def lead_entrants(
    company: Company, entered: Callable[[Lead], object], reached: str
) -> list[Entrant]:
    """Leads that entered a state, with the next one imputed where it was skipped."""
    world = company.world
    entrants = []
    for lead in company.leads:
        at, then = entered(lead), lead.reached(reached)
        if at is not None:
            entrants.append(
                Entrant(
                    world.business_date(at),  # type: ignore[arg-type]
                    world.business_date(then) if then else None,
                    lead.is_open,
                    lead_members(world, lead),
                )
            )
    return entrants


def lead_to_mql_rate(company: Company) -> Cells:
    """Of the leads created, those that reached MQL or beyond."""
    entrants = lead_entrants(company, lambda lead: lead.created_at, "mql")
    return conversion(company, "lead_to_mql_rate", LEAD_DIMENSIONS, entrants)


def mql_to_sql_rate(company: Company) -> Cells:
    """Of the leads that became MQL, skipped or not, those that reached SQL or beyond."""
    entrants = lead_entrants(company, lambda lead: lead.reached("mql"), "sql")
    return conversion(company, "mql_to_sql_rate", LEAD_DIMENSIONS, entrants)


def sql_to_opportunity_rate(company: Company) -> Cells:
    """Of the leads that became SQL, skipped or not, those with an opportunity."""
    entrants = lead_entrants(company, lambda lead: lead.reached("sql"), "opportunity")
    return conversion(company, "sql_to_opportunity_rate", LEAD_DIMENSIONS, entrants)


def lead_to_opportunity_ratio(company: Company) -> Cells:
    """Of the leads created, those with an opportunity; several count once."""
    entrants = lead_entrants(company, lambda lead: lead.created_at, "opportunity")
    return conversion(company, "lead_to_opportunity_ratio", LEAD_DIMENSIONS, entrants)


def lead_to_customer_rate(company: Company) -> Cells:
    """Of the leads created, those credited with a new customer within the horizon."""
    entrants = lead_entrants(company, lambda lead: lead.created_at, "customer")
    return conversion(
        company, "lead_to_customer_rate", LEAD_DIMENSIONS, entrants, headline="within_horizon"
    )


def mql_to_customer_rate(company: Company) -> Cells:
    """Of the leads that marketing really handed over, those credited with a new customer."""
    entrants = lead_entrants(company, lambda lead: lead.first_entry("mql"), "customer")
    return conversion(company, "mql_to_customer_rate", LEAD_DIMENSIONS, entrants)


def opportunity_to_customer_rate(company: Company) -> Cells:
    """Of the deals created, those won; open ones stay in the denominator."""
    world = company.world
    entrants = []
    for deal in company.deals:
        if deal.is_counted:
            members = {
                "rep": deal.owner,
                "team": world.team(deal.owner, deal.created_on).team_id,
                "segment": deal.segment,
                "motion": deal.motion,
                "channel": deal.channel,
            }
            won_on = deal.closed_on if deal.is_won else None
            entrants.append(Entrant(deal.created_on, won_on, deal.is_open, members))
    dimensions = ["rep", "team", "segment", "motion", "channel"]
    return conversion(company, "opportunity_to_customer_rate", dimensions, entrants)


def stage_members(company: Company, deal_id: str, stage: str) -> Members:
    """Stage KPIs belong to the team at the close, or on as_of while the deal is open."""
    deal = company.journeys[deal_id].deal
    day = deal.closed_on or company.world.as_of
    return {
        "stage": stage,
        "pipeline": deal.pipeline,
        "rep": deal.owner,
        "team": company.world.team(deal.owner, day).team_id,
    }


def stage_conversion_rate(company: Company) -> Cells:
    """Of the deals that reached a stage, those that reached a later open one or were won."""
    world = company.world
    entrants = [
        Entrant(
            world.business_date(reach.reached),
            world.business_date(reach.passed) if reach.passed else None,
            journey.deal.is_open,
            stage_members(company, deal_id, reach.stage.member),
        )
        for deal_id, journey in company.journeys.items()
        if journey.deal.is_counted
        for reach in journey.reaches
    ]
    return conversion(company, "stage_conversion_rate", STAGE_DIMENSIONS, entrants)


def stage_drop_off_rate(company: Company) -> Cells:
    """Of the deals that reached a stage, those lost with it as the furthest."""
    horizon = company.world.options.conversion_horizon_days
    records = [
        Record(
            company.world.business_date(reach.reached),
            int(journey.deal.is_lost and reach.is_furthest),
            stage_members(company, deal_id, reach.stage.member),
        )
        for deal_id, journey in company.journeys.items()
        if journey.deal.is_counted
        for reach in journey.reaches
    ]
    readings = {"headline": Reading("cohort", days=horizon)}
    return flow(company.frame, "stage_drop_off_rate", "rate", STAGE_DIMENSIONS, readings, records)


def time_in_stage(company: Company) -> Cells:
    """All visits of a deal to a stage added up, dated at the end of the last."""
    records = []
    for deal_id, journey in company.journeys.items():
        if not journey.deal.is_counted:
            continue
        for stage in {visit.stage for visit in journey.visits}:
            visits = [visit for visit in journey.visits if visit.stage == stage]
            ends = [visit.left for visit in visits if visit.left is not None]
            if len(ends) < len(visits):
                continue
            lasted = sum((v.left - v.entered for v in visits if v.left), timedelta())
            left_on = company.world.business_date(max(ends))
            members = stage_members(company, deal_id, stage.member)
            records.append(Record(left_on, in_days(lasted), members))
    readings = {"headline": Reading()}
    return flow(company.frame, "time_in_stage", "average", STAGE_DIMENSIONS, readings, records)


def funnel_on_pace_rate(company: Company) -> Cells:
    """Of the deals open in a stage with an expected time, those that entered it no longer ago."""
    records = []
    for journey in company.journeys.values():
        if journey.deal.is_renewal:
            continue
        for state in open_states(company.world, journey):
            expected = state.entry.stage.expected_days if state.entry else None
            if state.entry is None or expected is None:
                continue
            members = {
                "rep": journey.deal.owner,
                "team": state.team_id,
                "stage": state.entry.stage.member,
            }
            entered_on = company.world.business_date(state.entry.at)
            late_from = entered_on + timedelta(days=floor(expected)) + ONE_DAY
            turn = max(state.since, late_from)
            until = min(state.until, late_from) if state.until else late_from
            records.append(Record(state.since, 1, members, left=until))
            records.append(Record(turn, 0, members, left=state.until))
    return stock(company.frame, "funnel_on_pace_rate", "rate", ["rep", "team", "stage"], records)


def leads_by_lifecycle_stage(company: Company) -> Cells:
    """Surviving leads by the furthest stage at the end of a day, disqualified ones apart."""
    records = []
    for lead in company.leads:
        states = lifecycle(company.world, lead)
        ends: list[date | None] = [*(state[0] for state in states[1:]), None]
        for (day, furthest, current), left in zip(states, ends, strict=True):
            members = lead_members(company.world, lead)
            members |= {"stage": furthest, "current_stage": current}
            records.append(Record(day, 1, members, left=left))
    dimensions = ["stage", "current_stage", *LEAD_DIMENSIONS]
    return stock(company.frame, "leads_by_lifecycle_stage", "sum", dimensions, records)


def lead_conversion_time(company: Company) -> Cells:
    """Days from the creation of a lead to the customer it is credited with."""
    world = company.world
    records = []
    for lead in company.leads:
        if lead.customer_at and lead.customer_at >= lead.created_at:
            days = decimal_days(lead.created_at, lead.customer_at)
            for variant, at in (("headline", lead.customer_at), ("by_creation", lead.created_at)):
                members = lead_members(world, lead)
                records.append(Record(world.business_date(at), days, members, variant=variant))
    readings = {
        "headline": Reading(),
        "by_creation": Reading("cohort", days=world.options.conversion_horizon_days),
    }
    dimensions = ["rep", "team", "channel"]
    return flow(company.frame, "lead_conversion_time", "average", dimensions, readings, records)


def customer_lifecycle_time(company: Company) -> Cells:
    """Days from an account's first impression to its first purchase.

    The first impression is the earliest touchpoint of any of its leads, known visitors included,
    else the creation of its earliest lead.
    """
    world = company.world
    impressions = first_impressions(company)
    records = []
    for customer in company.customers.values():
        moments = [
            at for at in map(first_purchase_at, (customer.first_win, customer.first_invoice)) if at
        ]
        if not moments or customer.account_id not in impressions:
            continue
        bought_at = min(moments)
        seen_at, channel, campaign = impressions[customer.account_id]
        if seen_at > bought_at:
            continue
        days = decimal_days(seen_at, bought_at)
        members = {
            "channel": channel,
            "campaign": campaign,
            "segment": customer.members["segment"],
        }
        for variant, at in (("headline", bought_at), ("by_impression", seen_at)):
            records.append(Record(world.business_date(at), days, members, variant=variant))
    readings = {
        "headline": Reading(),
        "by_impression": Reading("cohort", days=world.options.conversion_horizon_days),
    }
    dimensions = ["channel", "campaign", "segment"]
    return flow(company.frame, "customer_lifecycle_time", "average", dimensions, readings, records)


def touches_with_leads(world: World) -> list[tuple[Row, str | None]]:
    """Marketing touches in order, each with the lead that it names or that its visitor became."""
    touches = sorted(
        (
            row
            for row in world.alive("marketing_touchpoints")
            if world.has_happened(row["occurred_at"])
        ),
        key=lambda row: (row["occurred_at"], row["touchpoint_id"]),
    )
    visitors: dict[str, str] = {}
    for row in touches:
        if row["visitor_id"] and row["lead_id"]:
            known = visitors.get(row["visitor_id"], row["lead_id"])
            visitors[row["visitor_id"]] = min(known, row["lead_id"])
    return [(row, row["lead_id"] or visitors.get(row["visitor_id"] or "")) for row in touches]


def first_impressions(company: Company) -> dict[str, tuple[datetime, str | None, str | None]]:
    """First impression of each account with its channel and campaign.

    A visitor who was identified by one touchpoint is known in all; as several leads, as the one of
    the lowest id. A touch without a campaign has the channel of the lead.
    """
    world = company.world
    channels = {row["campaign_id"]: row["channel"] for row in world.current["campaigns"]}
    lead_of = {member: lead for lead in company.leads for member in lead.member_ids}
    found: dict[str, tuple[datetime, str | None, str | None]] = {}
    for row, lead_id in touches_with_leads(world):
        lead = lead_of.get(lead_id or "")
        if lead and lead.account_id:
            campaign = row["campaign_id"]
            channel = channels.get(campaign) or lead.channel
            found.setdefault(lead.account_id, (row["occurred_at"], channel, campaign))
    for lead in sorted(company.leads, key=lambda lead: (lead.created_at, lead.lead_id)):
        if lead.account_id:
            found.setdefault(lead.account_id, (lead.created_at, lead.channel, lead.campaign))
    return found


KPIS = [
    customer_lifecycle_time,
    funnel_on_pace_rate,
    lead_conversion_time,
    lead_to_customer_rate,
    lead_to_mql_rate,
    lead_to_opportunity_ratio,
    leads_by_lifecycle_stage,
    mql_to_customer_rate,
    mql_to_sql_rate,
    opportunity_to_customer_rate,
    sql_to_opportunity_rate,
    stage_conversion_rate,
    stage_drop_off_rate,
    time_in_stage,
]
