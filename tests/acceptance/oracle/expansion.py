"""The KPIs of the area customers on selling more to them."""

from __future__ import annotations

from collections import defaultdict

from .cells import MONTH_GRAINS, Cells, Reading, Record, flow, roll_up
from .company import Company
from .deals import Deal
from .engagement import customer_periods
from .periods import months_between
from .revenue import won_deals

EXPANSION_DIMENSIONS = ["rep", "team", "segment", "vertical"]


def families_of(company: Company) -> dict[str, set[str | None]]:
    """Product families in a deal."""
    families = {
        row["product_id"]: row["product_family"] for row in company.world.current["products"]
    }
    found: dict[str, set[str | None]] = defaultdict(set)
    for row in company.world.alive("opportunity_products"):
        found[row["opportunity_id"]].add(families.get(row["product_id"]))
    return found


def deal_cut(company: Company, deal: Deal) -> dict[str, str | None]:
    """Who closed it, and what the account is today."""
    assert deal.closed_on is not None
    return {
        "rep": deal.owner,
        "team": company.world.team(deal.owner, deal.closed_on).team_id,
        "segment": deal.segment,
        "vertical": deal.vertical,
        "account_manager": company.world.account(deal.account_id).get("account_manager_rep_id"),
    }


def tenure(months: float) -> str:
    """How long the account had been a customer."""
    return "00-06" if months < 6 else "06-12" if months < 12 else "12-24" if months < 24 else "24+"


def sold_to_customers(company: Company, kind: str) -> list[Deal]:
    """Won deals of a type with accounts that were customers by then."""
    return [
        deal
        for deal, closed_on in won_deals(company)
        if deal.kind == kind
        and deal.account_id in company.customers
        and closed_on >= company.customers[deal.account_id].since
    ]


def expansion_deals_won(company: Company, kpi_id: str, kind: str) -> Cells:
    """Deals of a type; in each of the product families they hold."""
    families = families_of(company)
    records = []
    for deal in sold_to_customers(company, kind):
        assert deal.closed_on is not None
        since = company.customers[deal.account_id].since
        cut = deal_cut(company, deal) | {
            "tenure": tenure(float(months_between(since, deal.closed_on)))
        }
        for family in families.get(deal.deal_id, {None}):
            members = cut | {"product_family": family}
            records.append(Record(deal.closed_on, 1, members, key=deal.deal_id))
    dimensions = [*EXPANSION_DIMENSIONS, "product_family", "tenure"]
    readings = {"headline": Reading(distinct=True)}
    return flow(company.frame, kpi_id, "sum", dimensions, readings, records)


def upsell_deals_won(company: Company) -> Cells:
    return expansion_deals_won(company, "upsell_deals_won", "upsell")


def cross_sell_deals_won(company: Company) -> Cells:
    return expansion_deals_won(company, "cross_sell_deals_won", "cross_sell")


def expansion_rate(company: Company, kpi_id: str, kind: str) -> Cells:
    """Customers at the start who bought more in the period; deals won among those decided."""
    bought = defaultdict(list)
    for deal in sold_to_customers(company, kind):
        bought[deal.account_id].append(deal.closed_on)
    records = []
    for period in customer_periods(company):
        customer = period.customer
        if customer.is_active_at(period.start):
            days = bought[customer.account_id]
            has_bought = any(day and period.start <= day < period.after for day in days)
            records.append(
                Record(period.start, int(has_bought), customer.members, grain=period.grain)
            )
    for deal in company.deals:
        if deal.kind == kind and deal.is_decided and deal.closed_on:
            records.append(
                Record(
                    deal.closed_on,
                    int(deal.is_won),
                    deal_cut(company, deal),
                    variant="attempt_based",
                )
            )
    readings = {"headline": Reading("cohort"), "attempt_based": Reading()}
    dimensions = ["segment", "vertical", "account_manager"]
    return roll_up(company.frame, kpi_id, "rate", dimensions, readings, records, MONTH_GRAINS)


def upsell_rate(company: Company) -> Cells:
    return expansion_rate(company, "upsell_rate", "upsell")


def cross_sell_rate(company: Company) -> Cells:
    return expansion_rate(company, "cross_sell_rate", "cross_sell")


def expansion_revenue(company: Company) -> Cells:
    """What upsells and cross-sells were worth; an unknown amount is no record."""
    records = []
    for deal, closed_on in won_deals(company):
        if deal.kind in ("upsell", "cross_sell") and deal.value is not None:
            members = deal_cut(company, deal) | {"opportunity_type": deal.kind}
            records.append(Record(closed_on, deal.value, members))
    dimensions = [*EXPANSION_DIMENSIONS, "opportunity_type"]
    readings = {"headline": Reading()}
    return flow(company.frame, "expansion_revenue", "sum", dimensions, readings, records)


KPIS = [
    cross_sell_deals_won,
    cross_sell_rate,
    expansion_revenue,
    upsell_deals_won,
    upsell_rate,
]
