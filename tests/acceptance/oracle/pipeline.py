"""The KPIs of the area pipeline."""

from __future__ import annotations

from decimal import Decimal

from .cells import Cells, Reading, Record, flow, stock
from .company import Company
from .deals import Deal
from .stages import open_states


def open_pipeline_value(company: Company) -> Cells:
    """What the deals open at the end of a day are worth, as known on that day.

    A deal of unknown value is in stock and adds nothing.
    """
    records = []
    for journey in company.journeys.values():
        deal = journey.deal
        if deal.is_renewal:
            continue
        for state in open_states(company.world, journey):
            members = {
                "rep": deal.owner,
                "team": state.team_id,
                "territory": state.territory_id,
                "segment": deal.segment,
                "motion": deal.motion,
                "stage": state.stage,
            }
            records.append(Record(state.since, state.value, members, left=state.until))
    dimensions = ["rep", "team", "territory", "segment", "motion", "stage"]
    return stock(company.frame, "open_pipeline_value", "sum", dimensions, records)


def sales_cycle_length(company: Company) -> Cells:
    """Days from the first contact to the last close; a negative cycle is null."""
    records = []
    for deal in company.deals:
        days = deal.cycle_days
        if not deal.is_counted or not deal.is_decided or deal.closed_on is None or days is None:
            continue
        members = {
            "rep": deal.owner,
            "team": company.world.team(deal.owner, deal.closed_on).team_id,
            "segment": deal.segment,
            "motion": deal.motion,
            "business_model": deal.business_model,
            "cycle_start_source": deal.cycle_start_source,
        }
        variant = "headline" if deal.is_won else "lost_deals"
        records.append(Record(deal.closed_on, days, members, variant=variant))
    dimensions = ["rep", "team", "segment", "motion", "business_model", "cycle_start_source"]
    readings = {"headline": Reading(), "lost_deals": Reading()}
    return flow(company.frame, "sales_cycle_length", "average", dimensions, readings, records)


def _win_members(company: Company, deal: Deal, at_creation: bool) -> dict[str, str | None]:
    day = deal.created_on if at_creation else deal.closed_on or company.world.as_of
    team = company.world.team(deal.owner, day)
    return {
        "rep": deal.owner,
        "team": team.team_id,
        "region": team.region,
        "segment": deal.segment,
        "motion": deal.motion,
        "channel": deal.channel,
    }


def win_rate(company: Company) -> Cells:
    """Won deals among those decided; of a creation cohort among all of it, open ones included."""
    records = []
    for deal in company.deals:
        if not deal.is_counted:
            continue
        won = int(deal.is_won)
        if deal.is_decided and deal.closed_on:
            members = _win_members(company, deal, False)
            records.append(Record(deal.closed_on, won, members))
            if deal.value is not None:
                value = deal.value if won else Decimal(0)
                records.append(
                    Record(deal.closed_on, value, members, deal.value, variant="by_value")
                )
        members = _win_members(company, deal, True)
        records.append(Record(deal.created_on, won, members, variant="by_creation"))
    readings = {
        "headline": Reading(),
        "by_value": Reading(),
        "by_creation": Reading("cohort", days=company.world.options.conversion_horizon_days),
    }
    dimensions = ["rep", "team", "region", "segment", "motion", "channel"]
    return flow(company.frame, "win_rate", "rate", dimensions, readings, records)


KPIS = [open_pipeline_value, sales_cycle_length, win_rate]
