"""What is offered in a deal: proposals and their versions, products and prices, and who else bids.

All of it follows from what became of the deal: nothing here decides an outcome.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo import deals as dl
from demo.deals import Deals, StageEntries
from demo.timeline import DAY, END, HOUR, NONE, Flags, Floats, Ints

PROPOSAL_STAGES = (3, 8)  # positions in STAGES
SIGNED_SHARE = 0.94
"""Of the deals won with a proposal; the others agreed by word of mouth."""
DECLINED_SHARE = 0.45
COMPETITORS = ("Bahar CRM", "قمم السحابية", "SaigonDesk", "Fairholt Systems")
_LIKELY = np.array([[0.34, 0.28, 0.2, 0.18], [0.22, 0.18, 0.2, 0.4]])  # in deals won and lost
CHOSE_COMPETITOR = 3  # a position in LOSS_REASONS
_DISCOUNTS = np.array([0, 0, 0, 0, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2])


@dataclass(frozen=True)
class Proposals:
    """Versions of proposals; NONE stands for empty."""

    deal: Ints
    version: Ints
    sent: Ints
    signed: Ints
    declined: Ints

    def __len__(self) -> int:
        return len(self.deal)


def build_proposals(rng: Generator, deals: Deals, entries: StageEntries) -> Proposals:
    """A proposal where a deal first enters the stage of that name; one in three gets a second
    version before the close, some a third. Renewals need none."""
    n = len(deals)
    first = np.full(n, END)
    at = np.isin(entries.stage, PROPOSAL_STAGES)
    np.minimum.at(first, entries.deal[at], entries.entered[at])
    stop = np.minimum(deals.close, END)
    deal = np.flatnonzero((first < stop - 2 * HOUR) & (deals.kind != dl.RENEWAL))
    first, stop = first[deal], stop[deal]
    gap = stop - first
    sent = first + np.minimum(gap // 10, DAY)
    count = 1 + (rng.random(len(deal)) < 0.33) + (rng.random(len(deal)) < 0.1)
    step = (stop - sent) // 5
    over = deals.close[deal] < END
    is_signed = over & deals.won[deal] & (rng.random(len(deal)) < SIGNED_SHARE)
    is_declined = over & ~deals.won[deal] & (rng.random(len(deal)) < DECLINED_SHARE)
    last = sent + (count - 1) * step
    # Shortly before the close, and after the last version.
    settled = stop - np.minimum((stop - last) // 2, rng.integers(HOUR // 2, 3 * DAY, len(deal)))
    row = np.repeat(np.arange(len(deal)), count)
    version = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    is_last = version == count[row] - 1
    return Proposals(
        deal=deal[row], version=version + 1, sent=sent[row] + version * step[row],
        signed=np.where(is_last & is_signed[row], settled[row], NONE),
        declined=np.where(is_last & is_declined[row], settled[row], NONE),
    )  # fmt: skip


@dataclass(frozen=True)
class DealLines:
    """Products of deals, with prices in the deal's currency for a year."""

    deal: Ints
    product: Ints
    quantity: Floats
    list_price: Floats  # NaN where the CRM has none
    price: Floats

    def __len__(self) -> int:
        return len(self.deal)


def build_lines(rng: Generator, deals: Deals) -> DealLines:
    """One or two products of each deal with a known amount, which they add up to."""
    chosen = np.flatnonzero(~np.isnan(deals.amount) & (deals.kind != dl.RENEWAL) & ~deals.is_test)
    chosen = chosen[deals.amount[chosen] > 0]
    n = len(chosen)
    prices = np.array([row[4] for row in co.PRODUCTS], dtype=float)
    extra = rng.choice(co.CROSS_SELL_PRODUCTS, n)
    main = np.where(deals.kind[chosen] == dl.CROSS_SELL, extra, deals.segment[chosen])
    other = rng.choice((7, 8), n)  # setup and training come with some new deals
    has_other = (deals.kind[chosen] == dl.NEW_BUSINESS) & (rng.random(n) < 0.3)
    share = np.where(has_other, 0.15, 0.0)
    discount = rng.choice(_DISCOUNTS, n)
    unlisted = rng.random(n) < 0.03

    def part(rows: Ints, product: Ints, share: Floats) -> tuple[Ints | Floats, ...]:
        amount = deals.amount[chosen[rows]] * share
        pieces = np.maximum(1, np.round(deals.usd[chosen[rows]] * share / prices[product]))
        price = np.round(amount / pieces, 4)
        listed = np.round(price / (1 - discount[rows]), 4)
        return (chosen[rows], product, pieces, np.where(unlisted[rows], np.nan, listed), price)

    def column(which: int) -> Floats:
        joined: Floats = np.concatenate([part[which] for part in parts])[order]
        return joined

    everyone, some = np.arange(n), np.flatnonzero(has_other)
    parts = (part(everyone, main, 1 - share), part(some, other[some], share[some]))
    order = np.lexsort(tuple(np.concatenate([part[which] for part in parts]) for which in (1, 0)))
    return DealLines(
        deal=column(0).astype(np.int64), product=column(1).astype(np.int64), quantity=column(2),
        list_price=column(3), price=column(4),
    )  # fmt: skip


@dataclass(frozen=True)
class Rivals:
    """Competitors of deals."""

    deal: Ints
    competitor: Ints
    primary: Flags

    def __len__(self) -> int:
        return len(self.deal)


def build_rivals(rng: Generator, deals: Deals) -> Rivals:
    """None, one or two of each deal; the last of them is met more often in deals that are lost."""
    n = len(deals)
    lost_to_one = ~deals.won & (deals.loss_reason == CHOSE_COMPETITOR)
    count = rng.choice(3, n, p=[0.5, 0.37, 0.13])
    count = np.where(lost_to_one, np.maximum(count, 1), count)
    count = np.where(deals.kind == dl.RENEWAL, 0, count)
    chances = _LIKELY[np.where(deals.won, 0, 1)]
    main = (rng.random(n)[:, None] > np.cumsum(chances, axis=1)).sum(axis=1)
    main = np.minimum(main, len(COMPETITORS) - 1)
    second = (main + rng.integers(1, len(COMPETITORS), n)) % len(COMPETITORS)
    deal = np.repeat(np.arange(n), count)
    place = np.arange(len(deal)) - np.repeat(np.cumsum(count) - count, count)
    return Rivals(
        deal=deal, competitor=np.where(place == 0, main[deal], second[deal]), primary=place == 0
    )
