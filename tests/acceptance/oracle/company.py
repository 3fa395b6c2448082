"""The company as of one day: every part, built once and shared by the KPIs."""

from __future__ import annotations

from dataclasses import dataclass

from . import customers, deals, invoices, leads, stages
from .cells import Frame
from .customers import Customer
from .deals import Deal
from .invoices import Invoice
from .leads import Lead
from .stages import Journey
from .world import World


@dataclass
class Company:
    """What the KPIs read."""

    world: World
    frame: Frame
    leads: list[Lead]
    deals: list[Deal]
    journeys: dict[str, Journey]
    invoices: dict[str, Invoice]
    customers: dict[str, Customer]
    first_wins: dict[str, Deal]


def build_company(world: World) -> Company:
    groups = leads.lead_groups(world)
    counted = {lead_id: lead for lead_id, lead in groups.items() if lead.is_counted}
    all_deals = deals.build_deals(world, groups)
    leads.add_entries(world, groups, all_deals)
    wins = leads.first_wins(all_deals)
    leads.credit_customers(groups, wins)
    documents = invoices.build_invoices(world)
    return Company(
        world=world,
        frame=Frame(
            world.as_of,
            list(world.options.kpi_grains),
            world.options.week_start,
            world.members_active,
        ),
        leads=list(counted.values()),
        deals=all_deals,
        journeys=stages.build_journeys(world, all_deals),
        invoices=documents,
        customers=customers.build_customers(world, all_deals, documents.values()),
        first_wins=wins,
    )
