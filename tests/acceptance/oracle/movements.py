"""The KPIs of the area pipeline on what came in, and how the open pipeline changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .cells import (
    MONTH_GRAINS,
    Cells,
    Reading,
    Record,
    finish,
    flow,
    ratio,
    roll_up,
    stock,
)  # fmt: skip
from .company import Company
from .deals import Deal
from .leads import lifecycle
from .periods import period_start
from .pipeline import open_pipeline_value
from .revenue import deal_members
from .stages import OpenState, open_states


def new_leads(company: Company) -> Cells:
    """Surviving leads by the day of the earliest record of their merge group."""
    world = company.world
    records = []
    for lead in company.leads:
        day = world.business_date(lead.created_at)
        team = world.team(lead.owner, day)
        members = {
            "rep": lead.owner,
            "team": team.team_id,
            "territory": team.territory_id,
            "channel": lead.channel,
            "campaign": lead.campaign,
            "motion": lead.motion,
            "segment": world.account(lead.account_id).get("segment"),
        }
        records.append(Record(day, 1, members))
    dimensions = ["rep", "team", "territory", "channel", "campaign", "motion", "segment"]
    return flow(company.frame, "new_leads", "sum", dimensions, {"headline": Reading()}, records)


def new_opportunities(company: Company) -> Cells:
    """Deals created, and what they were worth when somebody first said so."""
    rates = company.world.rates
    records = []
    for deal in company.deals:
        if not deal.is_counted:
            continue
        members = deal_members(company, deal, deal.created_on) | {"channel": deal.channel}
        records.append(Record(deal.created_on, 1, members))
        entries = company.journeys[deal.deal_id].entries
        amount = next((e.amount for e in entries if e.amount is not None), deal.amount)
        value = rates.convert(amount, deal.currency, deal.created_on)
        if value is not None:
            records.append(Record(deal.created_on, value, members, variant="value"))
    readings = {"headline": Reading(), "value": Reading()}
    dimensions = [
        "rep", "team", "territory", "sourcing_rep", "motion", "campaign", "channel", "segment",
    ]  # fmt: skip
    return flow(company.frame, "new_opportunities", "sum", dimensions, readings, records)


def open_leads_in_funnel(company: Company) -> Cells:
    """Leads and deals that are still open at the end of a day; a converted lead is its deal."""
    world = company.world
    records = []
    for lead in company.leads:
        born = world.business_date(lead.created_at)
        reached = lead.reached("opportunity")
        converted = world.business_date(reached) if reached else None
        members = {"rep": lead.owner, "team": world.team(lead.owner, born).team_id}
        states = lifecycle(world, lead)
        ends = [*(state[0] for state in states[1:]), converted]
        for (day, stage, _), end in zip(states, ends, strict=True):
            left = min(end, converted) if end and converted else end
            if stage not in ("customer", "disqualified"):
                cut = {**members, "stage": stage, "record_kind": "lead"}
                records.append(Record(day, 1, cut, left=left))
    for journey in company.journeys.values():
        if journey.deal.is_renewal:
            continue
        for state in open_states(world, journey):
            cut = {
                "rep": journey.deal.owner,
                "team": state.team_id,
                "stage": state.stage,
                "record_kind": "opportunity",
            }
            records.append(Record(state.since, 1, cut, left=state.until))
    dimensions = ["rep", "team", "stage", "record_kind"]
    return stock(company.frame, "open_leads_in_funnel", "sum", dimensions, records)


@dataclass
class Movement:
    """A change of the open pipeline on one day, in the hands of one team."""

    kind: str
    day: date
    amount: Decimal
    state: OpenState


def movements(company: Company, deal: Deal) -> list[Movement]:
    """How one deal came, changed and left; what changes nothing is none."""
    found: list[Movement] = []
    last: OpenState | None = None
    for state in open_states(company.world, company.journeys[deal.deal_id]):
        worth = state.value or Decimal(0)
        before = (last.value if last else None) or Decimal(0)
        if last is None:
            found.append(Movement("created", state.since, worth, state))
        elif last.until is not None and last.until < state.since:
            found.append(Movement("reopened", last.until, -before, last))
            found.append(Movement("reopened", state.since, worth, state))
        else:
            if (last.team_id, last.territory_id) != (state.team_id, state.territory_id):
                found.append(Movement("moved", state.since, -before, last))
                found.append(Movement("moved", state.since, before, state))
            found.append(Movement("amount_changes", state.since, worth - before, state))
        last = state
    if last and last.until:
        kind = "won" if deal.is_won else "lost" if deal.is_lost else "closed_other"
        found.append(Movement(kind, last.until, -(last.value or Decimal(0)), last))
    kept = ("created", "won", "lost")
    return [movement for movement in found if movement.amount or movement.kind in kept]


BRIDGE = ["created", "reopened", "amount_changes", "won", "lost", "closed_other", "moved"]
GROWTH_DIMENSIONS = ["rep", "team", "territory", "segment", "motion"]


def pipeline_growth(company: Company) -> Cells:
    """Change of the open pipeline against the end of the period before, and its parts."""
    records = []
    for deal in company.deals:
        if deal.is_renewal:
            continue
        for movement in movements(company, deal):
            members = {
                "rep": deal.owner,
                "team": movement.state.team_id,
                "territory": movement.state.territory_id,
                "segment": deal.segment,
                "motion": deal.motion,
            }
            records.append(Record(movement.day, movement.amount, members, variant=movement.kind))
    frame = company.frame
    readings = {name: Reading(kind="sum") for name in BRIDGE}
    cells = roll_up(
        frame, "pipeline_growth", "ratio", GROWTH_DIMENSIONS, readings, records, MONTH_GRAINS
    )
    values = company.cells_of(open_pipeline_value)
    for key, cell in values.items():
        if key.period_grain not in MONTH_GRAINS or key.dimension not in (
            "all",
            *GROWTH_DIMENSIONS,
        ):
            continue
        # The day before a period lies in the one before.
        before = period_start(date.fromordinal(key.period_start.toordinal() - 1), key.period_grain)
        earlier = values.get(key._replace(period_start=before))
        then = (earlier.numerator if earlier else None) or 0
        gained = (cell.numerator or 0) - then  # type: ignore[operator]
        own = key._replace(kpi_id="pipeline_growth", time_basis="event")
        value = ratio(gained, then)
        cells[own] = finish(frame, own, Reading(), gained, then, cell.sample_size, value)
    return cells


KPIS = [new_leads, new_opportunities, open_leads_in_funnel, pipeline_growth]
