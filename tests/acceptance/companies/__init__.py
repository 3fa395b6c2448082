"""Small random companies that reach the edge cases on purpose.

Every company is made from a seed. Its rows are in the order of arrival, several versions of a key
among them; moments crowd around the borders of days, weeks, months, quarters and the leap day.
"""

from __future__ import annotations

import random

from . import catalogue, deals, goals, marketing, outreach, people, prospects, sales, versions
from .generator import Generator, Row
from .shapes import SHAPES, SMALL, Shape

__all__ = ["SHAPES", "SMALL", "Row", "Shape", "generate"]

#: In this order, because later steps refer to what earlier ones wrote.
STEPS = [
    people.people,
    people.calendars,
    catalogue.places,
    catalogue.stages,
    catalogue.products,
    catalogue.competitors,
    catalogue.exchange_rates,
    catalogue.prices,
    catalogue.promotions,
    marketing.campaigns,
    prospects.accounts,
    prospects.contacts,
    prospects.leads,
    deals.deals,
    deals.deal_products,
    deals.rivals,
    deals.proposals,
    outreach.touches,
    outreach.responses,
    outreach.replies,
    outreach.meetings,
    marketing.touchpoints,
    marketing.emails,
    marketing.calls_to_action,
    marketing.collateral,
    marketing.expenses,
    sales.invoices,
    sales.experiments,
    sales.subscriptions,
    people.onboardings,
    sales.customer_surveys,
    people.employee_surveys,
    goals.quotas,
    goals.scope_targets,
    goals.benchmarks,
    goals.goal_trees,
    versions.versions,
]


def generate(shape: Shape) -> dict[str, list[Row]]:
    """The rows of a company by entity, in the order of arrival."""
    c = Generator(shape)
    for step in STEPS:
        # A random stream of its own, so that a change to one step leaves the others as they are.
        c.rng = random.Random(f"{shape.seed} {step.__name__}")
        step(c)
    return c.rows
