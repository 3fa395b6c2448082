"""Documents: lines in the reporting currency, credit notes, and what is a purchase."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from .world import Row, World


@dataclass
class Line:
    """One line of a document that counts."""

    line_id: str
    product: str
    family: str | None
    promotion: str | None
    #: signed, as the document
    quantity: Decimal
    #: in the reporting currency at the date of the document
    amount: Decimal | None
    cost: Decimal | None
    #: in the currency of the document
    net_amount: Decimal
    list_unit_price: Decimal | None


@dataclass
class Invoice:
    """An invoice or credit note that is not void, issued by as_of."""

    invoice_id: str
    account_id: str
    opportunity_id: str | None
    rep: str | None
    location: str
    is_credit_note: bool
    original_id: str | None
    issued_at: datetime
    issued_on: date
    #: where the location is
    local_issued_on: date
    currency: str
    lines: list[Line]
    #: what is left of an invoice after its credit notes, in its own currency
    net: Decimal = Decimal(0)

    @property
    def is_purchase(self) -> bool:
        """An invoice that was not credited in full."""
        return not self.is_credit_note and self.net > 0


def build_invoices(world: World) -> dict[str, Invoice]:
    """G9: void never counts; a credit note is a signed negative document on its own date."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in world.alive("invoice_lines"):
        lines[row["invoice_id"]].append(row)
    families = {row["product_id"]: row["product_family"] for row in world.current["products"]}
    invoices = {}
    for row in world.alive("invoices"):
        if row["status"] == "void" or world.is_test(row["account_id"]):
            continue
        if not world.has_happened(row["issued_at"]):
            continue
        issued_on = world.business_date(row["issued_at"])
        own = lines[row["invoice_id"]]
        invoices[row["invoice_id"]] = Invoice(
            invoice_id=row["invoice_id"],
            account_id=world.account_of(row["account_id"]) or "",
            opportunity_id=row["opportunity_id"],
            rep=row["rep_id"],
            location=row["location_id"],
            is_credit_note=row["document_type"] == "credit_note",
            original_id=row["original_invoice_id"],
            issued_at=row["issued_at"],
            issued_on=issued_on,
            local_issued_on=world.local_date(row["issued_at"], row["location_id"]),
            currency=row["currency"],
            lines=[
                Line(
                    line_id=line["invoice_line_id"],
                    product=line["product_id"],
                    family=families.get(line["product_id"]),
                    promotion=line["promotion_id"],
                    quantity=line["quantity"],
                    amount=world.rates.convert(line["net_amount"], row["currency"], issued_on),
                    cost=world.rates.convert(line["cost_amount"], row["currency"], issued_on),
                    net_amount=line["net_amount"],
                    list_unit_price=line["list_unit_price"],
                )
                for line in own
            ],
            net=sum((line["net_amount"] for line in own), Decimal(0)),
        )
    for note in invoices.values():
        if note.is_credit_note and note.original_id in invoices:
            invoices[note.original_id].net += note.net
    return invoices
