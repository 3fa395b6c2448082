"""Opportunities: new business from leads and from the reps' own work, expansions and renewals."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo.company import Company
from demo.funnel import Leads, draw_cycle, opening
from demo.names import LOSS_REASONS
from demo.timeline import DAY, END, NONE, Flags, Floats, Ints, draw_moments, group_draw

NEW_BUSINESS, UPSELL, CROSS_SELL, RENEWAL = range(4)
KINDS = ("new_business", "upsell", "cross_sell", "renewal")
TEST_AMOUNT = 999_999.0


@dataclass(frozen=True)
class Deals:
    """Opportunities by number. `close` and `won` are drawn for all, also where they lie ahead."""

    kind: Ints
    account: Ints
    contact: Ints
    lead: Ints  # NONE without
    country: Ints
    segment: Ints
    channel: Ints  # NONE without
    first_touch: Ints  # first two-way contact; NONE for renewals
    created: Ints
    close: Ints
    owner: Ints
    sourced_by: Ints  # NONE without
    is_test: Flags
    win_chance: Floats
    won: Flags
    currency: Ints
    usd: Floats
    usd_mean: Floats  # what the amount was expected to be, and its standard deviation
    usd_sd: Floats
    amount: Floats  # in the deal's currency; NaN where unknown
    reopened: Ints  # 0 no, 1 lost before, 2 won before
    loss_reason: Ints

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def decided(self) -> Flags:
        """Closed within the data."""
        return self.close < END

    def take(self, index: Ints | Flags) -> "Deals":
        """Deals by position or mask."""
        return Deals(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


def join(parts: list[Deals]) -> Deals:
    """Deals of several kinds, one after the other."""
    return Deals(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Deals)
        }
    )


def build_deals(
    rng: Generator,
    company: Company,
    *,
    kind: Ints,
    account: Ints,
    contact: Ints,
    lead: Ints,
    country: Ints,
    segment: Ints,
    channel: Ints,
    first_touch: Ints,
    created: Ints,
    close: Ints,
    is_test: Flags,
    sourced_by: Ints,
    currency: Ints,
    won: Flags | None = None,
    usd: Floats | None = None,
) -> Deals:
    """Deals with owner, outcome and amount drawn, unless `won` and `usd` are given (renewals)."""
    n = len(kind)
    duty = np.where(kind == NEW_BUSINESS, co.CLOSING, co.MANAGING)
    # The owner at the close: a deal that outlives its rep has been handed over.
    owner = company.roster.pick(rng, duty, country, np.minimum(close, END - 1))
    base = np.where(
        kind == NEW_BUSINESS, co.WIN_CHANCES[np.maximum(channel, 0)], co.EXPANSION_WIN_CHANCE
    )
    chance = np.clip(base + company.roster.skill[owner], 0.05, 0.95)
    drawn_won = rng.random(n) < chance

    tables = np.stack([spread.values for spread in co.DEAL_SIZES])
    part = np.where(kind == NEW_BUSINESS, 1.0, co.EXPANSION_SHARE)
    drawn = tables[segment, rng.integers(0, tables.shape[1], n)] * part
    drawn = np.where(rng.random(n) < co.ZERO_AMOUNT_SHARE, 0.0, drawn)
    drawn = np.where(is_test, TEST_AMOUNT, drawn)
    means = np.array([spread.mean for spread in co.DEAL_SIZES])[segment] * part
    sds = np.array([spread.sd for spread in co.DEAL_SIZES])[segment] * part
    kept = 1 - co.ZERO_AMOUNT_SHARE
    amount_usd = drawn if usd is None else usd
    amount = np.round(amount_usd / company.money.to_usd(currency, close), 2)
    unknown = (rng.random(n) < co.UNKNOWN_AMOUNT_SHARE) & ~is_test & (usd is None)
    again = rng.random(n)
    reopened = np.where(again < 0.03, 1, np.where(again < 0.035, 2, 0))
    return Deals(
        kind=kind, account=account, contact=contact, lead=lead, country=country, segment=segment,
        channel=channel, first_touch=first_touch, created=created, close=close, owner=owner,
        sourced_by=sourced_by, is_test=is_test, win_chance=chance,
        won=drawn_won if won is None else won, currency=currency, usd=amount_usd,
        usd_mean=means * kept,
        usd_sd=np.sqrt(kept * (sds**2 + means**2) - (kept * means) ** 2),
        amount=np.where(unknown, np.nan, amount),
        # Only what was decided in the period can have been reopened: outcomes stay unbiased.
        reopened=np.where((close < END) & (kind != RENEWAL), reopened, 0),
        loss_reason=rng.integers(0, len(LOSS_REASONS), n),
    )  # fmt: skip


def from_leads(
    rng: Generator, company: Company, leads: Leads, account: Ints, contact: Ints
) -> Deals:
    """One deal for each lead that reaches the opportunity stage within the period."""
    lead = np.flatnonzero((leads.opportunity >= 0) & (leads.opportunity < END))
    return build_deals(
        rng, company,
        kind=np.full(len(lead), NEW_BUSINESS), account=account[lead], contact=contact[lead],
        lead=lead, country=leads.country[lead], segment=leads.segment[lead],
        channel=leads.channel[lead], first_touch=leads.contact[lead],
        created=leads.opportunity[lead], close=leads.close[lead], is_test=leads.is_test[lead],
        sourced_by=leads.owner[lead],
        currency=group_draw(rng, co.CURRENCY_SHARES, leads.country[lead]),
    )  # fmt: skip


def self_sourced(
    rng: Generator, company: Company, n: int, first_account: int, first_contact: int
) -> Deals:
    """Deals that a rep found without a lead; their accounts and contacts are numbered on."""
    country = rng.choice(4, n, p=co.COUNTRY_SHARES)
    segment = rng.choice(3, n, p=co.SEGMENT_SHARES)
    meant = np.sort(draw_moments(rng, country))
    cycle, close = draw_cycle(rng, meant, country, segment)
    touch = close - cycle
    created = opening(rng, touch, touch, cycle)
    deals = build_deals(
        rng, company,
        kind=np.full(n, NEW_BUSINESS), account=first_account + np.arange(n),
        contact=first_contact + np.arange(n), lead=np.full(n, NONE), country=country,
        segment=segment, channel=np.full(n, 3), first_touch=touch, created=created, close=close,
        is_test=np.zeros(n, dtype=bool), sourced_by=np.full(n, NONE),
        currency=group_draw(rng, co.CURRENCY_SHARES, country),
    )  # fmt: skip
    return deals.take(deals.created < END)


@dataclass(frozen=True)
class StageEntries:
    """The stage history: deal, stage (a position in STAGES) and moment, in order."""

    deal: Ints
    stage: Ints
    entered: Ints
    amount: Floats
    current: Ints  # by deal, the stage of its last entry


def stage_entries(rng: Generator, deals: Deals) -> StageEntries:
    """Every deal enters its pipeline at the top; stages are skipped, left backwards, reopened."""
    n = len(deals)
    pipeline = (deals.kind != NEW_BUSINESS).astype(np.int64)
    first, count = co.FIRST_STAGE[pipeline], co.OPEN_STAGES[pipeline]
    # A lost deal gets as far as chance has it; a won one passes through the whole pipeline.
    furthest = np.where(deals.won, count, 1 + (rng.random(n) ** 0.9 * count).astype(np.int64))
    width = 5
    share = np.sort(rng.uniform(0.03, 0.97, (n, width)), axis=1)
    rank = np.arange(width)
    share = np.concatenate((np.zeros((n, 1)), share), axis=1)[:, :width]
    span = deals.close - deals.created
    reopened = deals.reopened > 0
    working = np.where(reopened, 0.55, 1.0)
    entered = deals.created[:, None] + (share * (span * working)[:, None]).astype(np.int64)
    stage = first[:, None] + rank[None, :]
    kept = rank[None, :] < furthest[:, None]
    kept &= (rng.random((n, width)) > 0.08) | (rank == 0) | (rank == furthest[:, None] - 1)

    def extra(condition: Flags, which: Ints, moment: Ints) -> None:
        columns.append((np.flatnonzero(condition), which[condition], moment[condition]))

    row, place = np.nonzero(kept)
    columns = [(row, stage[row, place], entered[row, place])]
    top = first + furthest - 1
    last = entered[np.arange(n), furthest - 1]
    end = deals.created + (span * np.where(reopened, 0.58, 1.0)).astype(np.int64)
    # Back to the first stage and up again, between the last entry and the close.
    falls = (rng.random(n) < 0.05) & (furthest > 1) & (end - last > 2 * DAY)
    gap = end - last
    extra(falls, first, last + gap // 3)
    extra(falls, top, last + 2 * (gap // 3))
    won_stage, lost_stage = first + count, first + count + 1
    extra(reopened, np.where(deals.reopened == 2, won_stage, lost_stage), end)
    extra(reopened, top, deals.created + (span * 0.8).astype(np.int64))
    extra(deals.decided, np.where(deals.won, won_stage, lost_stage), deals.close)

    deal = np.concatenate([column[0] for column in columns])
    stages = np.concatenate([column[1] for column in columns])
    moments = np.concatenate([column[2] for column in columns])
    seen = moments < END
    deal, stages, moments = deal[seen], stages[seen], moments[seen]
    order = np.lexsort((stages, moments, deal))
    deal, stages, moments = deal[order], stages[order], moments[order]
    current = np.zeros(n, dtype=np.int64)
    current[deal] = stages  # numpy keeps the last of repeated positions
    # Early estimates are off by a factor; the last entry has the amount of today.
    factor = np.round(rng.uniform(0.7, 1.25, len(deal)), 2)
    is_last = np.append(deal[1:] != deal[:-1], True)
    amount = deals.amount[deal] * np.where(is_last, 1.0, factor)
    return StageEntries(deal, stages, moments, np.round(amount, 2), current)
