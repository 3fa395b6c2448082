"""The KPIs of the area revenue that are made from the lines of documents."""

from __future__ import annotations

from decimal import Decimal

from .cells import MONTH_GRAINS, Cells, Key, Reading, Record, finish, flow, roll_up
from .company import Company
from .documents import document_members, sold_lines
from .revenue import REVENUE_DIMENSIONS


def units_sold(company: Company) -> Cells:
    """Signed quantities; `restated` moves credit notes back."""
    records = []
    for sold in sold_lines(company):
        for variant, day in (("headline", sold.invoice.issued_on), ("restated", sold.restated_on)):
            records.append(Record(day, sold.line.quantity, sold.members, variant=variant))
    readings = {"headline": Reading(), "restated": Reading()}
    dimensions = [*REVENUE_DIMENSIONS, "product_family"]
    return flow(company.frame, "units_sold", "sum", dimensions, readings, records)


PLACE_DIMENSIONS = ["location", "location_kind", "region", "product"]


def sales_volume_by_location(company: Company) -> Cells:
    """Revenue, units and orders on the day it was where the location is."""
    records = []
    for sold in sold_lines(company):
        day, amount, members = sold.invoice.local_issued_on, sold.line.amount, sold.members
        records.append(Record(day, sold.line.quantity, members, variant="units"))
        if not sold.invoice.is_credit_note:
            order = sold.invoice.invoice_id
            records.append(Record(day, 1, members, variant="orders", key=order))
        if amount is not None:
            records.append(Record(day, amount, members))
            records.append(Record(day, amount, members, amount, "share"))
            records.append(
                Record(sold.invoice.issued_on, amount, members, variant="reporting_zone")
            )
    readings = {
        "headline": Reading(),
        "units": Reading(),
        "orders": Reading(distinct=True),
        "reporting_zone": Reading(),
        "share": Reading(kind="ratio", positive_only=True, of_total=tuple(PLACE_DIMENSIONS)),
    }
    kpi_id = "sales_volume_by_location"
    cells = roll_up(company.frame, kpi_id, "sum", PLACE_DIMENSIONS, readings, records, MONTH_GRAINS)
    return cells | demand_ranks(company, cells)


def demand_ranks(company: Company, cells: Cells) -> Cells:
    """Locations of a period by revenue, the highest first; equal ones share a rank."""
    headline = {
        key: cell
        for key, cell in cells.items()
        if key.variant == "headline" and key.dimension == "location"
    }
    ranks: Cells = {}
    for key, cell in headline.items():
        ahead = {
            other.numerator
            for rival, other in headline.items()
            if (rival.period_grain, rival.period_start) == (key.period_grain, key.period_start)
            and (other.numerator or 0) > (cell.numerator or 0)
        }
        rank = len(ahead) + 1
        own = Key(key.kpi_id, "demand_rank", *key[2:])
        ranks[own] = finish(
            company.frame, own, Reading(), rank, None, cell.sample_size, float(rank)
        )
    return ranks


def avg_order_value(company: Company) -> Cells:
    """Net revenue over invoices: a credit note takes from it and is no order."""
    records = []
    for invoice in company.invoices.values():
        amounts = [line.amount for line in invoice.lines if line.amount is not None]
        if amounts:
            records.append(
                Record(
                    invoice.issued_on,
                    sum(amounts, Decimal(0)),
                    document_members(company, invoice),
                    0 if invoice.is_credit_note else 1,
                )
            )
    dimensions = ["rep", "team", "location", "channel", "segment", "campaign"]
    readings = {"headline": Reading()}
    return flow(company.frame, "avg_order_value", "ratio", dimensions, readings, records)


def gross_margin_pct(company: Company) -> Cells:
    """What is left of the revenue whose cost is known; how much is known beside it."""
    records = []
    for sold in sold_lines(company):
        day, amount, cost = sold.invoice.issued_on, sold.line.amount, sold.line.cost
        if amount is not None and cost is not None:
            records.append(Record(day, amount - cost, sold.members, amount))
        records.append(Record(day, int(cost is not None), sold.members, variant="cost_known"))
    readings = {
        "headline": Reading(positive_only=True),
        "cost_known": Reading(kind="rate"),
    }
    dimensions = ["product", "product_family", "rep", "team", "location", "channel", "segment"]
    return roll_up(
        company.frame, "gross_margin_pct", "ratio", dimensions, readings, records, MONTH_GRAINS
    )


KPIS = [avg_order_value, gross_margin_pct, sales_volume_by_location, units_sold]
