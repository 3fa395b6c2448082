"""The KPIs of the area customers on what customers are worth and how long they stay."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .cells import MONTH_GRAINS, Cell, Cells, Key, Number, Reading, Record, finish, ratio, roll_up
from .company import Company
from .customer_kpis import customer_churn_rate, grace
from .customers import Customer
from .documents import sold_lines
from .engagement import customer_periods
from .periods import ONE_DAY, add_months, months_between, period_end, period_start, periods_between
from .sales import gross_margin_pct

VALUE_DIMENSIONS = ["segment", "vertical", "account_manager"]


def acquired_to_lost_ratio(company: Company) -> Cells:
    """Customers acquired over customers lost, both of the rep who won them."""
    records = []
    for customer in company.customers.values():
        for spell in customer.spells:
            if spell is customer.spells[0]:
                records.append(Record(spell.start, 1, customer.members, 0))
            if spell.lost_on:
                records.append(Record(spell.lost_on, 0, customer.members, 1))
    readings = {"headline": Reading(days=grace(company) + 1)}
    return roll_up(
        company.frame,
        "acquired_to_lost_ratio",
        "ratio",
        ["segment", "rep"],
        readings,
        records,
        MONTH_GRAINS,
    )


def competitor_switch_share(company: Company) -> Cells:
    """Customers lost to a competitor among all that were lost."""
    world = company.world
    switches: dict[tuple[str, date], str] = {}
    for row in world.alive("subscription_periods"):
        end, rival = row["period_end"], row["switched_to_competitor_id"]
        if end and end > row["period_start"] and rival:
            place = (world.account_of(row["account_id"]) or "", end)
            switches[place] = min(rival, switches.get(place, rival))
    records = []
    for customer in company.customers.values():
        for spell in customer.spells:
            if spell.lost_on and spell.end:
                rival = switches.get((customer.account_id, spell.end))
                members = {"competitor": rival, "segment": customer.members["segment"]}
                records.append(Record(spell.lost_on, int(rival is not None), members))
    readings = {"headline": Reading(days=grace(company) + 1, of_total=("competitor",))}
    return roll_up(
        company.frame,
        "competitor_switch_share",
        "rate",
        ["competitor", "segment"],
        readings,
        records,
        MONTH_GRAINS,
    )


def avg_revenue_per_account(company: Company) -> Cells:
    """Revenue of a period over the customers active on any day of it."""
    records = [
        Record(sold.invoice.issued_on, sold.line.amount, sold.members, 0)
        for sold in sold_lines(company)
        if sold.line.amount is not None
    ]
    for period in customer_periods(company):
        if period.is_active:
            members = period.customer.members
            records.append(Record(period.start, Decimal(0), members, 1, grain=period.grain))
    return roll_up(
        company.frame,
        "avg_revenue_per_account",
        "ratio",
        VALUE_DIMENSIONS,
        {"headline": Reading()},
        records,
        MONTH_GRAINS,
    )


Months = dict[tuple[str, str], dict[date, Cell]]


def by_month(cells: Cells) -> Months:
    """The month cells of a headline by member."""
    found: Months = defaultdict(dict)
    for key, cell in cells.items():
        if (key.variant, key.period_grain) == ("headline", "month"):
            found[key.dimension, key.dimension_value][key.period_start] = cell
    return found


def sums(months: dict[date, Cell], first: date, after: date) -> tuple[Decimal, Decimal]:
    """Both sides of the months that begin in `[first, after)`."""
    own = [cell for start, cell in months.items() if first <= start < after]
    return (
        sum((Decimal(cell.numerator or 0) for cell in own), Decimal(0)),
        sum((Decimal(cell.denominator or 0) for cell in own), Decimal(0)),
    )


@dataclass
class Lifetimes:
    """What the value of customers is worked out from."""

    company: Company
    revenue: Months
    churn: Months
    margin: dict[date, Cell]
    #: documents by account
    sold: dict[str, list[tuple[date, Decimal]]]

    def values(
        self, cut: tuple[str, str], customers: list[Customer], after: date
    ) -> dict[str, tuple[Number | None, Number | None, int]]:
        """Numerator, denominator and customers of each reading on the day before one."""
        options = self.company.world.options
        size = sum(customer.is_active_at(after) for customer in customers)
        # Twelve months that are over by then.
        until = period_start(after, "month")
        since = add_months(until, -12)
        found: dict[str, tuple[Number | None, Number | None, int]] = {}
        revenue, active = sums(self.revenue.get(cut, {}), since, until)
        if active > 0:
            has_own = size >= options.clv_min_customers
            churn = ratio(
                *sums(self.churn.get(cut if has_own else ("all", "all"), {}), since, until)
            )
            monthly = float(revenue) / float(active)
            gained, sold = sums(self.margin, since, until)
            with_margin = monthly * float(gained) / float(sold) if sold > 0 else None
            floor = None if churn is None else max(churn, 1 / options.clv_cap_months)
            found["headline"] = (monthly, churn, size)
            found["capped"] = (monthly, floor, size)
            found["margin_adjusted"] = (with_margin, churn, size)
        acquired = [customer for customer in customers if customer.since < after]
        if acquired:
            to_date = sum(
                (
                    amount
                    for customer in acquired
                    for day, amount in self.sold[customer.account_id]
                    if day < after
                ),
                Decimal(0),
            )
            found["historic"] = (to_date, len(acquired), len(acquired))
        return found


def customer_lifetime_value(company: Company) -> Cells:
    """Monthly revenue of a customer over the monthly churn, both of the last twelve months."""
    frame, reading = company.frame, Reading("snapshot")
    cuts: dict[tuple[str, str], list[Customer]] = defaultdict(list)
    for customer in company.customers.values():
        cuts["all", "all"].append(customer)
        for dimension in VALUE_DIMENSIONS:
            cuts[dimension, customer.members[dimension] or "unassigned"].append(customer)
    documents: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for sold in sold_lines(company):
        if sold.line.amount is not None:
            documents[sold.invoice.account_id].append((sold.invoice.issued_on, sold.line.amount))
    lifetimes = Lifetimes(
        company,
        by_month(company.cells_of(avg_revenue_per_account)),
        by_month(company.cells_of(customer_churn_rate)),
        by_month(company.cells_of(gross_margin_pct)).get(("all", "all"), {}),
        documents,
    )
    cells: Cells = {}
    for cut, customers in cuts.items():
        for grain in frame.grains:
            if grain not in MONTH_GRAINS:
                continue
            first = min(customer.since for customer in customers)
            for start in periods_between(first, frame.as_of, grain):
                after = min(period_end(start, grain), frame.as_of + ONE_DAY)
                for variant, found in lifetimes.values(cut, customers, after).items():
                    above, below, size = found
                    key = Key("customer_lifetime_value", variant, "snapshot", grain, start, *cut)
                    value = ratio(above, below)
                    cells[key] = finish(frame, key, reading, above, below, size, value)
    return cells


def customer_relationship_length(company: Company) -> Cells:
    """Months of all spells so far; who is still a customer is counted to the end of the period."""
    records = []
    for period in customer_periods(company):
        members, grain = period.customer.members, period.grain
        spells = [spell for spell in period.customer.spells if spell.start < period.after]
        if not spells:
            continue
        months = sum(
            (
                months_between(spell.start, min(spell.end or period.after, period.after))
                for spell in spells
            ),
            Decimal(0),
        )
        is_active = period.is_active_at_end
        records.append(Record(period.start, months, members, grain=grain))
        if not is_active:
            records.append(Record(period.start, months, members, 1, "ended", grain=grain))
        records.append(
            Record(period.start, int(is_active), members, 1, "still_active", grain=grain)
        )
    readings = {
        "headline": Reading("snapshot"),
        "ended": Reading("snapshot"),
        "still_active": Reading("snapshot", kind="rate"),
    }
    return roll_up(
        company.frame,
        "customer_relationship_length",
        "average",
        VALUE_DIMENSIONS,
        readings,
        records,
        MONTH_GRAINS,
    )


KPIS = [
    acquired_to_lost_ratio,
    avg_revenue_per_account,
    competitor_switch_share,
    customer_lifetime_value,
    customer_relationship_length,
]
