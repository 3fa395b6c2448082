"""The company as of one day: every part, built once and shared by the KPIs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from . import customers, deals, invoices, leads, stages
from .activities import Activities
from .calendars import Calendars, load_calendars
from .cells import Cells, Frame
from .customers import Customer
from .deals import Deal
from .invoices import Invoice
from .leads import Lead
from .rivals import competitors_of
from .stages import Journey
from .world import World


@dataclass
class Company:
    """What the KPIs read."""

    world: World
    calendars: Calendars
    frame: Frame
    leads: list[Lead]
    deals: list[Deal]
    journeys: dict[str, Journey]
    invoices: dict[str, Invoice]
    customers: dict[str, Customer]
    first_wins: dict[str, Deal]
    _cells: dict[str, Cells] = field(default_factory=dict)

    @cached_property
    def activities(self) -> Activities:
        return Activities(self.world, self.leads, self.deals, self.customers)

    @cached_property
    def deals_by_id(self) -> dict[str, Deal]:
        return {deal.deal_id: deal for deal in self.deals}

    @cached_property
    def competitors(self) -> dict[str, list[str]]:
        """Competitors by deal."""
        return competitors_of(self.world)

    def cells_of(self, kpi: Callable[[Company], Cells]) -> Cells:
        """The cells of a KPI, which others may be made from."""
        if kpi.__name__ not in self._cells:
            self._cells[kpi.__name__] = kpi(self)
        return self._cells[kpi.__name__]


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
        calendars=load_calendars(world),
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
