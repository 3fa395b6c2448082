"""Customers: since when, active spells, and recurring revenue at the border of two periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from .deals import Deal
from .invoices import Invoice
from .leads import first_wins
from .periods import ONE_DAY
from .world import Row, World


@dataclass(frozen=True)
class Price:
    """What a subscription costs in `[start, end)`; without an end it lasts."""

    subscription_id: str
    start: date
    end: date | None
    mrr: Decimal
    currency: str
    end_reason: str | None


@dataclass
class Spell:
    """An unbroken time as a customer, `[start, end)`; without an end it lasts."""

    start: date
    end: date | None
    end_reason: str | None = None

    @property
    def lost_on(self) -> date | None:
        """A loss is dated at the last active day."""
        return self.end - ONE_DAY if self.end else None

    def holds(self, border: date) -> bool:
        """Active before the border of two periods and after it."""
        return self.start < border and (self.end is None or self.end > border)


@dataclass
class Customer:
    """An account that became a customer by as_of."""

    account_id: str
    since: date
    first_win: Deal | None
    first_invoice: Invoice | None
    spells: list[Spell] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)
    members: dict[str, str | None] = field(default_factory=dict)

    def is_active_at(self, border: date) -> bool:
        return any(spell.holds(border) for spell in self.spells)

    def mrr_at(self, world: World, border: date, rate_day: date) -> Decimal:
        """Recurring revenue on the last day before a border.

        Where the end of the subscription is that of the spell it was lost by then: a loss is dated
        at its last day, other ends at the end itself.
        """
        lost = {spell.end for spell in self.spells}
        total = Decimal(0)
        for price in self.prices:
            if price.start < border and (
                price.end is None
                or price.end > border
                or (price.end == border and price.end not in lost)
            ):
                total += world.rates.convert(price.mrr, price.currency, rate_day) or 0
        return total


def subscription_prices(world: World) -> dict[str, list[Price]]:
    """Prices by account. Those of one subscription follow each other, gaps within the grace too.

    An end counts once the grace has passed; until then the customer is active and pays.
    """
    grace = timedelta(days=world.options.churn_grace_days)
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in world.alive("subscription_periods"):
        end = row["period_end"]
        if (end is None or end > row["period_start"]) and row["period_start"] <= world.as_of:
            rows[row["subscription_id"]].append(row)
    prices: dict[str, list[Price]] = defaultdict(list)
    covered_to: dict[str, date] = defaultdict(lambda: date.min)
    for row in (row for periods in rows.values() for row in periods):
        account = world.account_of(row["account_id"]) or ""
        covered_to[account] = max(covered_to[account], row["period_end"] or date.max)
    for periods in rows.values():
        periods.sort(key=lambda row: row["period_start"])
        for row, following in zip(periods, [*periods[1:], None], strict=True):
            end = row["period_end"]
            if following and (end is None or following["period_start"] <= end + grace):
                end = following["period_start"]
            elif end and end + grace > world.as_of:
                # Not known yet, unless the customer goes on with another subscription.
                goes_on = covered_to[world.account_of(row["account_id"]) or ""] > end
                end = end if goes_on and end <= world.as_of else None
            prices[world.account_of(row["account_id"]) or ""].append(
                Price(
                    row["subscription_id"],
                    row["period_start"],
                    end,
                    row["mrr"],
                    row["currency"],
                    row["end_reason"],
                )
            )
    return prices


def bridge_gaps(customer: Customer) -> None:
    """A gap after which the customer was still one is none in revenue either.

    The subscription that covered last until the gap lasts until the next one begins.
    """
    lost = {spell.end for spell in customer.spells}
    covered: date | None = None
    bridges: dict[date, date] = {}
    for price in sorted(customer.prices, key=lambda price: price.start):
        if covered and price.start > covered and covered not in lost:
            bridges[covered] = price.start
        if price.end is None:
            break
        covered = max(covered or price.end, price.end)
    customer.prices = [
        replace(price, end=bridges.get(price.end, price.end)) if price.end else price
        for price in customer.prices
    ]


def build_customers(
    world: World, deals: list[Deal], invoices: Iterable[Invoice]
) -> dict[str, Customer]:
    """Every account with a first purchase or, without any, a subscription."""
    prices = subscription_prices(world)
    wins = first_wins(deals)
    first_invoices: dict[str, Invoice] = {}
    purchases: dict[str, set[date]] = defaultdict(set)
    for invoice in sorted(invoices, key=lambda i: (i.issued_at, i.invoice_id)):
        if invoice.is_purchase:
            first_invoices.setdefault(invoice.account_id, invoice)
            purchases[invoice.account_id].add(invoice.issued_on)
    for deal in deals:
        if deal.is_won and deal.closed_on:
            purchases[deal.account_id].add(deal.closed_on)

    customers = {}
    for account_id in {*wins, *first_invoices, *prices}:
        account = world.account(account_id)
        if account.get("is_test") or account.get("_deleted"):
            continue
        win, first_invoice = wins.get(account_id), first_invoices.get(account_id)
        bought = [
            moment
            for moment in (first_purchase_at(win), first_purchase_at(first_invoice))
            if moment
        ]
        if bought:
            since = world.business_date(min(bought))
        elif prices.get(account_id):
            since = min(price.start for price in prices[account_id])
        else:
            continue
        customer = Customer(account_id, since, win, first_invoice)
        customer.prices = [
            price for price in prices.get(account_id, []) if not price.end or price.end > since
        ]
        _set_spells(world, customer, sorted(purchases[account_id]))
        bridge_gaps(customer)
        customer.members = _members(world, customer)
        customers[account_id] = customer
    return customers


def first_purchase_at(purchase: Deal | Invoice | None) -> datetime | None:
    """Moment of a win or an invoice."""
    if purchase is None:
        return None
    return purchase.closed_at if isinstance(purchase, Deal) else purchase.issued_at


def _set_spells(world: World, customer: Customer, purchases: list[date]) -> None:
    """Subscriptions bridged by the grace; before the first of them, or without, purchases."""
    options = world.options
    prices = sorted(customer.prices, key=lambda price: price.start)
    first_subscription = prices[0].start if prices else None
    intervals: list[tuple[date, date | None, int, str | None]] = []
    for day in purchases:
        if first_subscription is None or day < first_subscription:
            end: date | None = day + timedelta(days=options.inactivity_days)
            if first_subscription:
                end = min(day + timedelta(days=options.inactivity_days), first_subscription)
            intervals.append((day, end, 0, "inactive"))
    for price in prices:
        intervals.append((price.start, price.end, options.churn_grace_days, price.end_reason))
    spells: list[Spell] = []
    patience = 0
    for start, end, grace, reason in sorted(intervals, key=lambda i: (i[0], i[1] or date.max)):
        last = spells[-1] if spells else None
        if last is None or (last.end and start > last.end + timedelta(days=patience)):
            spells.append(Spell(start, end, reason))
            patience = grace
        elif last.end and (end is None or end >= last.end):
            last.end, last.end_reason, patience = end, reason, grace
    spells = [spell for spell in spells if spell.end is None or spell.end > customer.since]
    for spell in spells:
        spell.start = max(spell.start, customer.since)
    last_end = spells[-1].end if spells else None
    if last_end and last_end + timedelta(days=patience) > world.as_of:
        # Not known yet: until the grace has passed the customer is active.
        spells[-1].end = spells[-1].end_reason = None
    customer.spells = spells


def _members(world: World, customer: Customer) -> dict[str, str | None]:
    """Who won the customer, and what the account is today."""
    account = world.account(customer.account_id)
    win, invoice = customer.first_win, customer.first_invoice
    closing_rep = win.owner if win else invoice.rep if invoice else None
    members = {
        "account_manager": account.get("account_manager_rep_id"),
        "segment": account.get("segment"),
        "vertical": account.get("vertical"),
        "rep": closing_rep,
        "channel": win.channel if win else None,
        "motion": win.motion if win else None,
        "location": invoice.location if invoice else None,
    }
    return members
