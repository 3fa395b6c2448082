"""Customers: subscriptions that start with a won deal, change, lapse and end, and their invoices.

A customer who is active on the first of a month ends on the last day of that month with the
probability CHURN_HAZARD, whatever happened before. Someone who starts within a month is first at
risk in the next one.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo import deals as dl
from demo.company import Company
from demo.deals import Deals
from demo.funnel import opening
from demo.timeline import (
    AS_OF_DAY,
    DAY,
    END_DAY,
    HOUR,
    MONTH_STARTS,
    NONE,
    Flags,
    Floats,
    Ints,
    add_months,
    month_of,
    snap_to_work,
)

FAR = MONTH_STARTS[-1]  # the end of those who do not end in sight


@dataclass(frozen=True)
class Spells:
    """Unbroken times as a customer, in-grace gaps included. Ends may lie after the last day."""

    deal: Ints  # the won deal that it goes back to, a position in the deals
    start: Ints
    end: Ints  # first day no longer a customer
    is_return: Flags
    unpaid: Flags  # ends because of non-payment

    def __len__(self) -> int:
        return len(self.deal)


def _ends(rng: Generator, start: Ints) -> Ints:
    """The first of the month after the first month that a customer does not survive."""
    at_risk_from = np.searchsorted(MONTH_STARTS, start, side="left")
    last_month = at_risk_from + rng.geometric(co.CHURN_HAZARD, len(start))
    ends: Ints = MONTH_STARTS[np.minimum(last_month, len(MONTH_STARTS) - 1)]
    return ends


def build_spells(rng: Generator, deals: Deals) -> Spells:
    """A spell for each won new-business deal, and a second one for one in eight that left."""
    deal = np.flatnonzero((deals.kind == dl.NEW_BUSINESS) & deals.won & deals.decided)
    later = rng.random(len(deal)) < 0.15
    start = deals.close[deal] // DAY + np.where(later, rng.integers(1, 15, len(deal)), 0)
    deal, start = deal[start < END_DAY], start[start < END_DAY]
    end = _ends(rng, start)
    comes_back = rng.random(len(deal)) < 0.12
    second_start = end + rng.integers(40, 240, len(deal))
    comes_back &= second_start < END_DAY
    back = np.flatnonzero(comes_back)
    is_return = np.concatenate((np.zeros(len(deal), dtype=bool), np.ones(len(back), dtype=bool)))
    start = np.concatenate((start, second_start[back]))
    ends = np.concatenate((end, _ends(rng, second_start[back])))
    deal = np.concatenate((deal, deal[back]))
    return Spells(deal, start, ends, is_return, rng.random(len(deal)) < 0.2)


def expansions(
    rng: Generator, company: Company, deals: Deals, spells: Spells, first_contact: int
) -> tuple[Deals, Ints]:
    """Upsell and cross-sell deals during the first spell, each with a contact of its own, and the
    spell of each. None closes within 35 days before the customer's end."""
    months = (np.minimum(spells.end, END_DAY) - spells.start) / 30.4
    count = rng.poisson(np.where(spells.is_return, 0.0, 0.035 * months))
    spell = np.repeat(np.arange(len(spells)), count)
    origin = spells.deal[spell]
    lasting = np.minimum(spells.end, END_DAY)[spell] - spells.start[spell]
    meant = (spells.start[spell] + 30) * DAY + (rng.random(len(spell)) * lasting * DAY).astype(int)
    cycle = co.EXPANSION_CYCLE.draw(rng, len(spell)).astype(np.int64)
    close = snap_to_work(meant + cycle, deals.country[origin])
    touch = close - cycle
    created = opening(rng, touch, touch, cycle)
    kept = (close < (spells.end[spell] - 35) * DAY) & (created < END_DAY * DAY)
    spell, origin, close = spell[kept], origin[kept], close[kept]
    n = len(spell)
    built = dl.build_deals(
        rng, company,
        kind=np.where(rng.random(n) < 0.55, dl.UPSELL, dl.CROSS_SELL),
        account=deals.account[origin], contact=first_contact + np.arange(n), lead=np.full(n, NONE),
        country=deals.country[origin], segment=deals.segment[origin],
        channel=np.full(n, NONE), first_touch=touch[kept], created=created[kept], close=close,
        is_test=deals.is_test[origin], sourced_by=np.full(n, NONE),
        currency=deals.currency[origin],
    )  # fmt: skip
    return built, spell


def renewals(
    rng: Generator, company: Company, deals: Deals, spells: Spells, yearly_usd: Floats
) -> Deals:
    """A renewal deal before every anniversary; lost where the customer ends soon after it."""
    parts = []
    for years in (1, 2):
        anniversary = add_months(spells.start, 12 * years)
        due = (anniversary < spells.end) & (anniversary - 60 < END_DAY) & ~spells.is_return
        spell = np.flatnonzero(due)
        parts.append((spell, anniversary[spell]))
    spell = np.concatenate([part[0] for part in parts])
    anniversary = np.concatenate([part[1] for part in parts])
    origin = spells.deal[spell]
    n = len(spell)
    created = (anniversary - 60 + rng.integers(0, 15, n)) * DAY + 8 * HOUR
    close = snap_to_work((anniversary - rng.integers(4, 25, n)) * DAY, deals.country[origin])
    built = dl.build_deals(
        rng, company,
        kind=np.full(n, dl.RENEWAL), account=deals.account[origin], contact=deals.contact[origin],
        lead=np.full(n, NONE), country=deals.country[origin], segment=deals.segment[origin],
        channel=np.full(n, NONE), first_touch=np.full(n, NONE), created=created, close=close,
        is_test=deals.is_test[origin], sourced_by=np.full(n, NONE),
        currency=deals.currency[origin], won=spells.end[spell] - anniversary > 45,
        usd=yearly_usd[spell],
    )  # fmt: skip
    return built.take(built.created < END_DAY * DAY)


RENEWED, CHANGED, CANCELLED, NON_PAYMENT = range(4)
END_REASONS = ("renewed", "changed", "cancelled", "non_payment")


@dataclass(frozen=True)
class Periods:
    """Subscription periods, ordered by subscription and start."""

    subscription: Ints
    deal: Ints  # the new-business deal of the customer
    product: Ints
    start: Ints
    end: Ints  # NONE while it lasts
    mrr: Floats
    reason: Ints  # NONE while it lasts
    is_first: Flags

    def __len__(self) -> int:
        return len(self.start)


def build_periods(
    rng: Generator,
    company: Company,
    deals: Deals,
    spells: Spells,
    more: Deals,
    more_spell: Ints,
    yearly_usd: Floats,
) -> tuple[Periods, int]:
    """Periods of the main subscription of each spell and of each cross-sell won, and how many
    subscriptions stopped and went on within 30 days."""  # fmt: skip
    added = np.flatnonzero(more.won & more.decided & (more.kind == dl.CROSS_SELL))
    spell = np.concatenate((np.arange(len(spells)), more_spell[added]))
    start = np.concatenate((spells.start, more.close[added] // DAY))
    is_main = np.arange(len(spell)) < len(spells)
    end = spells.end[spell]
    # One in five additional products is dropped by itself, before the customer leaves.
    dropped = ~is_main & (rng.random(len(spell)) < 0.2)
    drop = MONTH_STARTS[
        np.minimum(month_of(start) + rng.integers(3, 20, len(spell)), len(MONTH_STARTS) - 1)
    ]
    end = np.where(dropped, np.minimum(end, drop), end)
    deal = spells.deal[spell]
    segment = deals.segment[deal]
    extra = rng.choice(co.CROSS_SELL_PRODUCTS, len(spell))
    product = np.where(is_main, segment, extra)
    usd = np.where(is_main, yearly_usd[spell], 0.0)
    usd[~is_main] = np.maximum(more.usd[added], 600)
    rate = company.money.to_usd(deals.currency[deal], start * DAY)
    base = usd / 12 / rate

    # What happens to a subscription: day, reason that closes the row before, factor on the price.
    n = len(spell)
    known = np.minimum(end, END_DAY)
    events: list[tuple[Ints, Ints, Ints, Floats]] = [
        (np.arange(n), start, np.full(n, RENEWED), np.ones(n))
    ]
    for years in (1, 2):
        day = add_months(start, 12 * years)
        events.append((np.arange(n), day, np.full(n, RENEWED), 1 + rng.choice([0, 0.03, 0.06], n)))
    repriced = np.flatnonzero(rng.random(n) < 0.15)
    day = MONTH_STARTS[
        np.minimum(month_of(start[repriced]) + rng.integers(2, 24, len(repriced)), 60)
    ]
    factor = rng.choice([0.8, 0.9, 1.1], len(repriced))
    events.append((repriced, day, np.full(len(repriced), CHANGED), factor))
    raised = np.flatnonzero(more.won & more.decided & (more.kind == dl.UPSELL))
    events.append(
        (more_spell[raised], more.close[raised] // DAY + 1, np.full(len(raised), CHANGED),
         rng.uniform(1.1, 1.6, len(raised)))
    )  # fmt: skip
    # A lapse: paid up late, stopped on the first of a month and on again 3 to 24 days later.
    months = month_of(known - 1) - month_of(start)
    lapses = (rng.random(n) < 0.05) & is_main & (months >= 3)
    lapsed = np.flatnonzero(lapses)
    lapse = MONTH_STARTS[month_of(start[lapsed]) + 1 + rng.integers(0, months[lapsed] - 2)]
    resumed = lapse + rng.integers(3, 25, len(lapsed))
    lapse_day, resume_day = np.full(n, NONE), np.full(n, NONE)
    lapse_day[lapsed], resume_day[lapsed] = lapse, resumed
    lapse_reason = np.where(rng.random(len(lapsed)) < 0.6, NON_PAYMENT, CANCELLED)
    events.append((lapsed, resumed, lapse_reason, np.ones(len(lapsed))))

    sub = np.concatenate([event[0] for event in events])
    days = np.concatenate([event[1] for event in events])
    reason = np.concatenate([event[2] for event in events])
    factors = np.concatenate([event[3] for event in events])
    opens = (days >= start[sub]) & (days < known[sub]) & (days < END_DAY)
    in_gap = (days >= lapse_day[sub]) & (days <= resume_day[sub]) & (lapse_day[sub] >= 0)
    opens &= ~in_gap | (np.isin(reason, (NON_PAYMENT, CANCELLED)))
    sub, days, reason, factors = sub[opens], days[opens], reason[opens], factors[opens]
    order = np.lexsort((reason, days, sub))
    sub, days, reason, factors = sub[order], days[order], reason[order], factors[order]
    same = np.append(False, (sub[1:] == sub[:-1]) & (days[1:] == days[:-1]))
    sub, days, reason, factors = sub[~same], days[~same], reason[~same], factors[~same]

    is_first = np.append(True, sub[1:] != sub[:-1])[: len(sub)]
    logs = np.cumsum(np.where(is_first, 0.0, np.log(factors)))
    at_first = np.maximum.accumulate(np.where(is_first, np.arange(len(sub)), 0))
    mrr = base[sub] * np.exp(logs - logs[at_first])
    is_last = np.append(is_first[1:], True)[: len(sub)]
    following = np.append(days[1:], NONE)[: len(sub)]
    next_reason = np.append(reason[1:], NONE)[: len(sub)]
    lapse_next = ~is_last & np.isin(next_reason, (NON_PAYMENT, CANCELLED))
    over = end[sub] < END_DAY
    final = np.where(spells.unpaid[spell[sub]], NON_PAYMENT, CANCELLED)
    period_end = np.where(
        is_last, np.where(over, end[sub], NONE), np.where(lapse_next, lapse_day[sub], following)
    )
    return Periods(
        subscription=sub, deal=deal[sub], product=product[sub], start=days, end=period_end,
        mrr=np.round(mrr, 2), is_first=is_first,
        reason=np.where(is_last, np.where(over, final, NONE), next_reason),
    ), len(lapsed)  # fmt: skip


PAID, OPEN, VOID = range(3)
STATUSES = ("paid", "open", "void")
DISCOUNTS = np.array([0, 0, 0.05, 0, 0.1, 0, 0.12, 0.2])
"""Off the list price, by the number of the subscription."""


@dataclass(frozen=True)
class Invoices:
    """Documents and their lines. `line_of` is the document of each line."""

    deal: Ints  # of the customer; NONE where there is none
    account: Ints
    rep: Ints
    location: Ints
    original: Ints  # of a credit note; NONE otherwise
    issued: Ints
    status: Ints
    currency: Ints
    line_of: Ints
    product: Ints
    quantity: Floats
    list_price: Floats
    net: Floats
    cost: Floats

    def __len__(self) -> int:
        return len(self.account)


def build_invoices(
    rng: Generator,
    company: Company,
    deals: Deals,
    periods: Periods,
    strays: Ints,
    with_experiment: bool,
) -> Invoices:
    """Monthly invoices of subscriptions, one-off sales, void documents and credit notes.

    `strays` are accounts that bought once and were refunded in full: no customers. The sales of
    the promotion experiment come on top.
    """
    last = np.where(periods.end < 0, AS_OF_DAY + 1, periods.end)
    from_month = np.searchsorted(MONTH_STARTS, periods.start, side="left")
    to_month = np.searchsorted(MONTH_STARTS, last, side="left")
    count = np.maximum(to_month - from_month, 0)
    period = np.repeat(np.arange(len(periods)), count)
    step = np.arange(len(period)) - np.repeat(np.cumsum(count) - count, count)
    day = MONTH_STARTS[from_month[period] + step]
    opening_rows = np.flatnonzero(periods.is_first & (MONTH_STARTS[from_month] != periods.start))
    period = np.concatenate((period, opening_rows))
    day = np.concatenate((day, periods.start[opening_rows]))
    deal = periods.deal[period]
    net = periods.mrr[period]
    product = periods.product[period]
    quantity = np.ones(len(period))

    # One-off sales to active customers.
    sold = np.flatnonzero(rng.random(len(period)) < 0.05)
    item = co.ONE_OFF_FROM + rng.integers(0, 3, len(sold))
    pieces = rng.integers(1, 6, len(sold)).astype(float)
    sale_day = np.minimum(day[sold] + rng.integers(0, 25, len(sold)), AS_OF_DAY)
    rate = company.money.to_usd(deals.currency[deal[sold]], sale_day * DAY)
    sale_price = co.list_price(item, sale_day) / rate
    sale_net = np.round(sale_price * pieces * rng.uniform(0.8, 1.0, len(sold)), 2)

    # Strays buy in the online shop, in US dollars.
    stray_day = rng.integers(END_DAY - 1_000, END_DAY - 200, len(strays))
    stray_price = co.list_price(np.full(len(strays), 8), stray_day)
    stray_net = np.round(stray_price * rng.uniform(0.8, 1.0, len(strays)), 2)

    none = np.full(len(strays), NONE)
    document_deal = np.concatenate((deal, deal[sold], none))
    known = np.maximum(document_deal, 0)
    account = np.where(document_deal >= 0, deals.account[known], NONE)
    account[len(account) - len(strays) :] = strays
    currency = np.where(document_deal >= 0, deals.currency[known], co.USD)
    country = np.where(document_deal >= 0, deals.country[known], 3)
    issued_day = np.concatenate((day, sale_day, stray_day))
    product = np.concatenate((product, item, np.full(len(strays), 8)))
    quantity = np.concatenate((quantity, pieces, np.ones(len(strays))))
    discount = DISCOUNTS[periods.subscription[period] % len(DISCOUNTS)]
    listed = np.concatenate((net / (1 - discount), sale_price, stray_price))
    net = np.concatenate((net, sale_net, stray_net))
    n = len(issued_day)
    one_off = np.arange(n) >= len(day)
    issued = issued_day * DAY + rng.integers(5 * HOUR, 15 * HOUR, n)
    location = _locations(rng.random(n), one_off, country, issued_day)
    location[n - len(strays) :] = co.ONLINE
    rep = np.where(document_deal >= 0, company.roster.pick(rng, co.MANAGING, country, issued), NONE)
    status = np.where((issued_day > END_DAY - 25) & (rng.random(n) < 0.5), OPEN, PAID)
    original = np.full(n, NONE)

    # Void documents come on top: issued by mistake, with the same content.
    void = np.flatnonzero(rng.random(n) < 0.012)
    # Credit notes: two in a hundred; a third of them in full, and always for strays.
    credited = np.flatnonzero((rng.random(n) < 0.02) | (document_deal < 0))
    whole = (rng.random(len(credited)) < 0.33) | (document_deal[credited] < 0)
    credit_at = issued[credited] + rng.integers(2, 40, len(credited)) * DAY
    seen = credit_at < END_DAY * DAY
    credited, whole, credit_at = credited[seen], whole[seen], credit_at[seen]
    share = np.where(whole, 1.0, rng.choice([0.25, 0.5], len(credited)))

    source = np.concatenate((np.arange(n), void, credited))
    factor = np.concatenate((np.ones(n + len(void)), -share))
    issued = np.concatenate((issued, issued[void], credit_at))
    status = np.concatenate((status, np.full(len(void), VOID), np.full(len(credited), PAID)))
    original = np.concatenate((original, np.full(len(void), NONE), credited))
    # A few lines came without a list price.
    list_price = np.where(source % 53 == 7, np.nan, np.round(listed[source], 4))
    line_net = np.round(net[source] * factor, 2)
    documents = Invoices(
        deal=document_deal[source], account=account[source], rep=rep[source],
        location=location[source], original=original, issued=issued, status=status,
        currency=currency[source], line_of=np.arange(len(source)), product=product[source],
        quantity=np.round(quantity[source] * factor, 4),
        list_price=list_price, net=line_net,
        cost=np.round(line_net * np.where(product[source] < co.ONE_OFF_FROM, 0.22, 0.6), 2),
    )  # fmt: skip
    return (
        _with_experiment(rng, company, deals, periods, documents) if with_experiment else documents
    )


def _locations(luck: Floats, one_off: Flags, country: Ints, day: Ints) -> Ints:
    """Subscriptions are billed by the country's office, half of the rest is sold online, and much
    in the stores: outside of the experiment, whose months are kept clear of other sales."""
    place = np.where(one_off & (luck < 0.5), co.ONLINE, country)
    in_store = one_off & (country == 0) & (luck >= 0.5) & (luck < 0.9)
    store = np.where((luck < 0.7) & (day < co.CONTROL_CLOSED), co.CONTROL, co.TREATED)
    is_kept_clear = (day >= MONTH_STARTS[24]) & (day < MONTH_STARTS[26])
    return np.where(in_store, np.where(is_kept_clear, co.ONLINE, store), place)


EXPERIMENT = ((co.TREATED, 24, 100), (co.CONTROL, 24, 104), (co.TREATED, 25, 130),
              (co.CONTROL, 25, 109))  # fmt: skip
"""Store, month since January 2023 and desk phones sold: the promotion is in the third row."""
PROMOTED = 2
_PHONE = 9


def _with_experiment(
    rng: Generator, company: Company, deals: Deals, periods: Periods, documents: Invoices
) -> Invoices:
    """The documents, and desk phones sold to Iranian customers in two stores and two months."""
    lasts = (periods.start < MONTH_STARTS[24]) & (
        (periods.end < 0) | (periods.end > MONTH_STARTS[26])
    )
    buyers = np.unique(periods.deal[lasts])
    buyers = buyers[(deals.country[buyers] == 0) & ~deals.is_test[buyers]]
    if not len(buyers):
        return documents
    row, pieces = [], []
    for number, (_, _, units) in enumerate(EXPERIMENT):
        fours, rest = divmod(units, 4)
        pieces += [4] * fours + [rest] * (rest > 0)
        row += [number] * (fours + (rest > 0))
    case = np.array(EXPERIMENT)[row]
    n = len(row)
    deal = rng.choice(buyers, n)
    day = MONTH_STARTS[case[:, 1]] + rng.integers(2, 26, n)
    issued = day * DAY + rng.integers(6 * HOUR, 13 * HOUR, n)
    currency = deals.currency[deal]
    product, quantity = np.full(n, _PHONE), np.array(pieces, dtype=float)
    listed = np.round(co.list_price(product, day) / company.money.to_usd(currency, issued), 4)
    factor = np.where(np.array(row) == PROMOTED, 0.85, 0.95)
    net = np.round(listed * quantity * factor, 2)
    more = Invoices(
        deal=deal, account=deals.account[deal],
        rep=company.roster.pick(rng, co.MANAGING, np.zeros(n, dtype=np.int64), issued),
        location=case[:, 0], original=np.full(n, NONE), issued=issued, status=np.full(n, PAID),
        currency=currency, line_of=len(documents) + np.arange(n), product=product,
        quantity=quantity, list_price=listed, net=net, cost=np.round(net * 0.6, 2),
    )  # fmt: skip
    return Invoices(
        **{
            field.name: np.concatenate((getattr(documents, field.name), getattr(more, field.name)))
            for field in fields(Invoices)
        }
    )
