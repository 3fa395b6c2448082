"""The KPIs of the area customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .cells import Cells, Number, Reading, Record, flow
from .company import Company
from .customers import Customer
from .periods import ONE_DAY, add_months, period_end, periods_between

BASE_DIMENSIONS = ["rep", "account_manager", "segment", "vertical"]
BASE_GRAINS = ("month", "quarter", "year")


def grace(company: Company) -> int:
    return company.world.options.churn_grace_days


def customers_acquired(company: Company) -> Cells:
    """Accounts that became a customer, each once for good."""
    records = [Record(c.since, 1, c.members) for c in company.customers.values()]
    dimensions = ["rep", "channel", "location", "motion", "segment"]
    return flow(
        company.frame, "customers_acquired", "sum", dimensions, {"headline": Reading()}, records
    )


def customers_lost(company: Company) -> Cells:
    """Accounts whose last active day lies in the period."""
    records = []
    for customer in company.customers.values():
        for spell in customer.spells:
            if spell.lost_on:
                members = {
                    "rep": customer.members["account_manager"],
                    "segment": customer.members["segment"],
                    "vertical": customer.members["vertical"],
                    "end_reason": spell.end_reason or "unknown",
                }
                records.append(Record(spell.lost_on, 1, members))
    readings = {"headline": Reading(days=grace(company) + 1)}
    dimensions = ["rep", "segment", "vertical", "end_reason"]
    return flow(company.frame, "customers_lost", "sum", dimensions, readings, records)


def net_new_customers(company: Company) -> Cells:
    """Acquired less lost; those who came back are a reading of their own."""
    records = []
    for customer in company.customers.values():
        members = customer.members
        records.append(Record(customer.since, 1, members))
        for spell in customer.spells:
            if spell.lost_on:
                records.append(Record(spell.lost_on, -1, members))
        for spell in customer.spells[1:]:
            records.append(Record(spell.start, 1, members, variant="reactivated"))
    readings = {"headline": Reading(days=grace(company) + 1), "reactivated": Reading()}
    return flow(company.frame, "net_new_customers", "sum", ["segment"], readings, records)


@dataclass
class Base:
    """A customer at the start of a period, and what became of it by the end."""

    customer: Customer
    grain: str
    start: date
    is_retained: bool
    mrr_at_start: Decimal
    mrr_at_end: Decimal


def bases(company: Company) -> list[Base]:
    """Active before the first day and after it; the running period ends the day after as_of."""
    world = company.world
    found = []
    for customer in company.customers.values():
        for grain in company.frame.grains:
            if grain not in BASE_GRAINS:
                continue
            for start in periods_between(customer.since, world.as_of, grain):
                if customer.is_active_at(start):
                    end = min(period_end(start, grain), world.as_of + ONE_DAY)
                    found.append(
                        Base(
                            customer,
                            grain,
                            start,
                            customer.is_active_at(end),
                            customer.mrr_at(world, start, start),
                            customer.mrr_at(world, end, start),
                        )
                    )
    return found


def base_kpi(
    company: Company,
    kpi_id: str,
    kind: str,
    numerator: Callable[[Base], Number],
    denominator: Callable[[Base], Number],
    more: list[Record] | None = None,
) -> Cells:
    """A KPI on the customers at the start of a period."""
    records = [
        Record(
            base.start, numerator(base), base.customer.members, denominator(base), grain=base.grain
        )
        for base in bases(company)
    ]
    reading = Reading("cohort", days=grace(company) + 1)
    readings = {"headline": reading, "newcomers": reading}
    return flow(company.frame, kpi_id, kind, BASE_DIMENSIONS, readings, records + (more or []))


def customer_churn_rate(company: Company) -> Cells:
    """Customers at the start who were none at the end; `newcomers` came and went in between."""
    newcomers = []
    for customer in company.customers.values():
        for grain in company.frame.grains:
            if grain in BASE_GRAINS:
                start = company.frame.start(customer.since, grain)
                end = min(period_end(start, grain), company.world.as_of + ONE_DAY)
                lost = int(not customer.is_active_at(end))
                newcomers.append(Record(start, lost, customer.members, 1, "newcomers", grain=grain))
    return base_kpi(
        company,
        "customer_churn_rate",
        "rate",
        lambda base: int(not base.is_retained),
        lambda base: 1,
        newcomers,
    )


def customer_retention_rate(company: Company) -> Cells:
    """Customers at the start who still were one at the end."""
    return base_kpi(
        company,
        "customer_retention_rate",
        "rate",
        lambda base: int(base.is_retained),
        lambda base: 1,
    )


def revenue_churn_rate(company: Company) -> Cells:
    """Recurring revenue lost, netted within an account and never across accounts."""
    return base_kpi(
        company,
        "revenue_churn_rate",
        "ratio",
        lambda base: max(Decimal(0), base.mrr_at_start - base.mrr_at_end),
        lambda base: base.mrr_at_start,
    )


def gross_revenue_retention(company: Company) -> Cells:
    """Recurring revenue still there; no account counts with more than it had."""
    return base_kpi(
        company,
        "gross_revenue_retention",
        "ratio",
        lambda base: min(base.mrr_at_start, base.mrr_at_end),
        lambda base: base.mrr_at_start,
    )


def net_revenue_retention(company: Company) -> Cells:
    """Recurring revenue at the end of the customers who had some at the start."""
    return base_kpi(
        company,
        "net_revenue_retention",
        "ratio",
        lambda base: base.mrr_at_end if base.mrr_at_start else Decimal(0),
        lambda base: base.mrr_at_start,
    )


def post_close_churn(company: Company, kpi_id: str, months: int) -> Cells:
    """New customers by a deal, lost on or before the anchor plus some months (end clamped).

    A customer is in the denominator once the months and the grace have passed: a loss on the very
    last day, whose end is the day after, must be known by then.
    """
    world = company.world
    onboarded: dict[str, date] = {}
    for row in world.alive("onboardings"):
        if row["subject_type"] == "customer" and world.has_happened(row["completed_at"]):
            account = world.account_of(row["account_id"]) or ""
            day = world.business_date(row["completed_at"])
            onboarded[account] = min(day, onboarded.get(account, day))
    records = []
    for customer in company.customers.values():
        win = customer.first_win
        if win is None or win.closed_on is None:
            continue
        losses = [spell.lost_on for spell in customer.spells if spell.lost_on]
        anchors = {"headline": win.closed_on, "from_onboarding": onboarded.get(customer.account_id)}
        for variant, anchor in anchors.items():
            if anchor is None:
                continue
            limit = add_months(anchor, months)
            is_ripe = limit + timedelta(days=grace(company) + 1) <= world.as_of
            is_lost = any(win.closed_on <= day <= limit for day in losses)
            members = {
                "rep": win.owner,
                "segment": customer.members["segment"],
                "cycle_bucket": cycle_bucket(win.cycle_days),
            }
            records.append(Record(anchor, int(is_ripe and is_lost), members, int(is_ripe), variant))
    reading = Reading("cohort", months, grace(company) + 1)
    readings = {"headline": reading, "from_onboarding": reading}
    dimensions = ["rep", "segment", "cycle_bucket"]
    return flow(company.frame, kpi_id, "rate", dimensions, readings, records)


def cycle_bucket(days: Decimal | None) -> str | None:
    """How long the deal took that made the customer."""
    if days is None:
        return None
    for limit, name in ((31, "000-030"), (61, "031-060"), (91, "061-090"), (181, "091-180")):
        if days < limit:
            return name
    return "181+"


def post_close_churn_rate_6m(company: Company) -> Cells:
    return post_close_churn(company, "post_close_churn_rate_6m", 6)


def post_close_churn_rate_9m(company: Company) -> Cells:
    return post_close_churn(company, "post_close_churn_rate_9m", 9)


KPIS = [
    customer_churn_rate,
    customer_retention_rate,
    customers_acquired,
    customers_lost,
    gross_revenue_retention,
    net_new_customers,
    net_revenue_retention,
    post_close_churn_rate_6m,
    post_close_churn_rate_9m,
    revenue_churn_rate,
]
