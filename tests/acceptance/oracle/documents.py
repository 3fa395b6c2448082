"""Lines of the documents that count, with everything they are cut by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .company import Company
from .invoices import Invoice, Line

Members = dict[str, str | None]


@dataclass
class SoldLine:
    """A line of an invoice or credit note."""

    invoice: Invoice
    line: Line
    #: a credit note moved back to the invoice that it corrects
    restated_on: date
    members: Members


def document_members(company: Company, invoice: Invoice) -> Members:
    """Rep and place of the sale, channel and campaign of its deal, the account as it is today."""
    world = company.world
    account = world.account(invoice.account_id)
    deal = company.deals_by_id.get(invoice.opportunity_id or "")
    team = world.team(invoice.rep, invoice.issued_on)
    place = world.locations.get(invoice.location, {})
    return {
        "rep": invoice.rep,
        "team": team.team_id,
        "territory": team.territory_id,
        "location": invoice.location,
        "location_kind": place.get("location_kind"),
        "region": place.get("region"),
        "channel": deal.channel if deal else None,
        "campaign": deal.campaign if deal else None,
        "segment": account.get("segment"),
        "vertical": account.get("vertical"),
        "account_manager": account.get("account_manager_rep_id"),
    }


def sold_lines(company: Company) -> list[SoldLine]:
    """Every line of every document."""
    found = []
    for invoice in company.invoices.values():
        original = company.invoices.get(invoice.original_id or "")
        moved = original.issued_on if invoice.is_credit_note and original else invoice.issued_on
        members = document_members(company, invoice)
        for line in invoice.lines:
            product = {"product": line.product, "product_family": line.family}
            found.append(SoldLine(invoice, line, moved, members | product))
    return found
