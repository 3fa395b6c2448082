"""The KPIs of the area marketing that say what leads and customers cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import floor

from .activities import lead_by_id
from .cells import MONTH_GRAINS, Cells, Reading, Record, percentile, roll_up
from .company import Company
from .funnel import touches_with_leads
from .marketing import Members, by_id, is_test_lead
from .world import Row, World


def running_campaigns(world: World) -> dict[str, Row]:
    """Campaigns that began by as_of."""
    return {
        row["campaign_id"]: row
        for row in world.alive("campaigns")
        if row["start_on"] <= world.as_of
    }


def cost_per_lead(company: Company) -> Cells:
    """Budget of a campaign over the leads it brought; what was spent over them, and by month."""
    world = company.world
    campaigns = running_campaigns(world)
    members: dict[str, Members] = {
        key: {"campaign": key, "channel": row["channel"], "motion": row["motion"]}
        for key, row in campaigns.items()
    }
    spent: dict[str, Decimal] = defaultdict(Decimal)
    records = []
    for row in world.alive("campaign_spend"):
        key, day = row["campaign_id"], row["spend_on"]
        amount = world.rates.convert(row["amount"], row["currency"], day)
        if key in campaigns and day <= world.as_of and amount is not None:
            spent[key] += amount
            records.append(Record(day, amount, members[key], 0, "monthly_spend"))
    leads: dict[str, int] = defaultdict(int)
    for lead in company.leads:
        if lead.campaign in campaigns:
            leads[lead.campaign] += 1
            day = world.business_date(lead.created_at)
            records.append(Record(day, 0, members[lead.campaign], 1, "monthly_spend"))
    for key, row in campaigns.items():
        start, count = row["start_on"], leads[key]
        budget = world.rates.convert(row["budget_amount"], row["currency"], start)
        records.append(Record(start, budget, members[key], count))
        records.append(Record(start, spent[key], members[key], count, "actual_spend"))
    readings = {
        "headline": Reading("cohort"),
        "actual_spend": Reading("cohort"),
        "monthly_spend": Reading(),
    }
    kpi_id, dimensions = "cost_per_lead", ["campaign", "channel", "motion"]
    return roll_up(company.frame, kpi_id, "ratio", dimensions, readings, records, MONTH_GRAINS)


@dataclass
class Expense:
    """The part of a cost that was spent on winning customers."""

    day: date
    category: str
    amount: Decimal
    members: Members


def expenses(company: Company) -> list[Expense]:
    """Without a channel or motion of its own a cost has those of its campaign."""
    world = company.world
    campaigns = by_id(world, "campaigns")
    found = []
    for row in world.alive("expenses"):
        day, share = row["expense_on"], row["acquisition_share"]
        amount = world.rates.convert(row["amount"] * share, row["currency"], day)
        if day <= world.as_of and amount is not None:
            campaign = campaigns.get(row["campaign_id"] or "", {})
            members = {
                "campaign": row["campaign_id"],
                "channel": row["channel"] or campaign.get("channel"),
                "motion": row["motion"] or campaign.get("motion"),
            }
            found.append(Expense(day, row["category"], amount, members))
    return found


def typical_cycle(company: Company) -> timedelta:
    """Whole days of the median cycle of the deals won."""
    cycles = [
        float(deal.cycle_days)
        for deal in company.deals
        if deal.is_won and not deal.is_renewal and deal.cycle_days is not None
    ]
    return timedelta(days=floor(percentile(cycles, 0.5) or 0))


ACQUISITION_CATEGORIES = {"marketing", "advertising", "tools", "commission"}


def acquisitions(company: Company) -> dict[str, list[tuple[date, Members]]]:
    """First wins of accounts, forms filled in and assets downloaded.

    Touches of somebody unknown count; those of a lead of a test account do not.
    """
    world = company.world
    campaigns = by_id(world, "campaigns")
    found: dict[str, list[tuple[date, Members]]] = {
        "closed_deal": [],
        "form_fill": [],
        "asset_download": [],
    }
    for deal in company.first_wins.values():
        if deal.closed_on:
            members: Members = {"campaign": deal.campaign, "channel": deal.channel}
            found["closed_deal"].append((deal.closed_on, members))
    leads = lead_by_id(company.leads)
    for row, lead_id in touches_with_leads(world):
        kind, campaign = row["touch_type"], row["campaign_id"]
        if kind not in found or is_test_lead(company, lead_id):
            continue
        lead = leads.get(lead_id or "")
        channel = campaigns.get(campaign or "", {}).get("channel")
        members = {"campaign": campaign, "channel": channel or (lead.channel if lead else None)}
        found[kind].append((world.business_date(row["occurred_at"]), members))
    return found


def cost_per_acquisition(company: Company) -> Cells:
    """Programme spend over the acquisitions of the same period, or those a cycle later."""
    by_type = acquisitions(company)
    chosen = company.world.options.acquisition_type
    names = {kind: "headline" if kind == chosen else kind for kind in by_type}
    records = []
    for kind, variant in names.items():
        for day, members in by_type[kind]:
            records.append(Record(day, 0, members, 1, variant))
    for day, members in by_type[chosen]:
        records.append(Record(day, 0, members, 1, "lagged"))
    later = typical_cycle(company)
    for expense in expenses(company):
        if expense.category in ACQUISITION_CATEGORIES:
            for variant in names.values():
                records.append(Record(expense.day, expense.amount, expense.members, 0, variant))
            moved = expense.day + later
            records.append(Record(moved, expense.amount, expense.members, 0, "lagged"))
    readings = {variant: Reading() for variant in (*names.values(), "lagged")}
    kpi_id, dimensions = "cost_per_acquisition", ["campaign", "channel"]
    return roll_up(company.frame, kpi_id, "ratio", dimensions, readings, records, MONTH_GRAINS)


def customer_acquisition_cost(company: Company) -> Cells:
    """Everything spent on winning customers, salaries and hidden cost too, over those won."""
    records = []
    later = typical_cycle(company)
    for expense in expenses(company):
        for variant, day in (("headline", expense.day), ("lagged", expense.day + later)):
            records.append(Record(day, expense.amount, expense.members, 0, variant))
    for customer in company.customers.values():
        for variant in ("headline", "lagged"):
            records.append(Record(customer.since, 0, customer.members, 1, variant))
    readings = {"headline": Reading(), "lagged": Reading()}
    kpi_id, dimensions = "customer_acquisition_cost", ["motion", "channel"]
    return roll_up(company.frame, kpi_id, "ratio", dimensions, readings, records, MONTH_GRAINS)


KPIS = [cost_per_acquisition, cost_per_lead, customer_acquisition_cost]
