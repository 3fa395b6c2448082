"""Leads: where they come from and how far they get.

Everything is drawn first as if time did not end; what lies after the last day is then left out.
So whether a lead gets on never depends on the day on which the data stop.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo.company import Company
from demo.timeline import (
    DAY,
    END,
    HOUR,
    NONE,
    Flags,
    Ints,
    draw_moments,
    gamma_spread,
    group_draw,
    snap_to_work,
)

_MQL_SOON = gamma_spread(0.9, 11, 0.02, 80, DAY)
_TO_CONTACT = gamma_spread(1.2, 6, 0.05, 40, DAY)


@dataclass(frozen=True)
class Leads:
    """The leads that survive merging, by number. Moments are NONE where a stage is never reached;
    they may lie after the last day."""

    country: Ints
    channel: Ints
    segment: Ints
    created: Ints
    owner: Ints  # NONE where nobody owns the lead
    is_test: Flags
    mql: Ints
    contact: Ints  # first two-way contact, of leads that reach SQL
    sql: Ints
    opportunity: Ints
    close: Ints
    mql_skipped: Flags  # the entry into MQL is missing from the history
    sql_skipped: Flags
    relapse: Ints  # back to lead after MQL …
    again: Ints  # … and MQL once more
    disqualified: Ints
    cycle: Ints  # seconds from contact to close

    def __len__(self) -> int:
        return len(self.created)


def build_leads(rng: Generator, company: Company, n: int) -> Leads:
    """Draw where each lead comes from and its whole way through the funnel."""
    country = rng.choice(4, n, p=co.COUNTRY_SHARES)
    channel = rng.choice(len(co.CHANNELS), n, p=co.CHANNEL_SHARES)
    segment = rng.choice(3, n, p=co.SEGMENT_SHARES)
    created = np.sort(draw_moments(rng, country))  # numbers rise with time, as in any CRM
    outbound = channel >= co.FIRST_OUTBOUND
    created = np.where(outbound, np.minimum(snap_to_work(created, country), END - 1), created)
    owner = company.roster.pick(rng, co.PROSPECTING, country, created)
    owner = np.where(rng.random(n) < 0.05, NONE, owner)
    is_test = rng.random(n) < 0.002

    is_mql = rng.random(n) < co.MQL_CHANCES[channel]
    soon = rng.random(n) < co.MQL_WITHIN_90_DAYS
    wait = np.where(soon, _MQL_SOON.draw(rng, n), rng.integers(95 * DAY, 150 * DAY, n))
    mql = np.where(is_mql, created + wait.astype(np.int64), NONE)

    is_sql = is_mql & (rng.random(n) < co.SQL_CHANCE)
    is_opportunity = is_sql & (rng.random(n) < co.OPPORTUNITY_CHANCE)
    meant = mql + _TO_CONTACT.draw(rng, n).astype(np.int64)
    cycle, close = draw_cycle(rng, meant, country, segment)
    # The first contact gives way, so that the cycle is exact and the close in working hours.
    contact = np.where(is_opportunity, close - cycle, meant)
    sql = contact + rng.integers(HOUR // 2, 22 * HOUR, n)
    opportunity = opening(rng, contact, sql, cycle)

    # A skipped MQL is dated by the SQL: only where that lies on the same side of the 90 days.
    same_side = (sql - created < 90 * DAY) | (mql - created > 90 * DAY)
    none = np.full(n, NONE)
    relapses = is_mql & (rng.random(n) < 0.02)
    relapse = mql + rng.integers(2 * DAY, 15 * DAY, n)
    last = np.where(is_sql, sql, np.where(is_mql, mql, created))
    given_up = ~is_opportunity & (rng.random(n) < 0.25)
    return Leads(
        country=country, channel=channel, segment=segment, created=created, owner=owner,
        is_test=is_test, mql=mql,
        contact=np.where(is_sql, contact, none),
        sql=np.where(is_sql, sql, none),
        opportunity=np.where(is_opportunity, opportunity, none),
        close=np.where(is_opportunity, close, none),
        mql_skipped=is_sql & same_side & (rng.random(n) < 0.04),
        sql_skipped=is_opportunity & (rng.random(n) < 0.03),
        relapse=np.where(relapses, relapse, none),
        again=np.where(relapses, relapse + rng.integers(DAY, 9 * DAY, n), none),
        disqualified=np.where(
            given_up, snap_to_work(last + rng.integers(20 * DAY, 70 * DAY, n), country), none
        ),
        cycle=cycle,
    )  # fmt: skip


def draw_cycle(rng: Generator, contact: Ints, country: Ints, segment: Ints) -> tuple[Ints, Ints]:
    """Length of the sales cycle by segment, and the close: contact and cycle, then office hours."""
    tables = np.stack([spread.values for spread in co.CYCLES]).astype(np.int64)
    cycle = tables[segment, rng.integers(0, tables.shape[1], len(contact))]
    return cycle, snap_to_work(contact + cycle, country)


def opening(rng: Generator, contact: Ints, earliest: Ints, cycle: Ints) -> Ints:
    """When the opportunity is opened: early in the cycle and at most 60 days after the contact."""
    share = rng.uniform(0.05, 0.35, len(contact))
    wait = np.minimum((cycle * share).astype(np.int64), 60 * DAY)
    return np.maximum(earliest + HOUR, contact + wait)


@dataclass(frozen=True)
class MergedLeads:
    """Lead records that were merged away, after those of `Leads` in number."""

    survivor: Ints  # the lead they end up in
    into: Ints  # the record they were merged into: the survivor, or another merged one
    created: Ints
    owner: Ints
    channel: Ints
    takes_mql: Flags  # the survivor's entry into MQL is recorded on this one


def build_merged(
    rng: Generator, company: Company, leads: Leads, share: float = 0.02
) -> MergedLeads:
    """Duplicates made later than their survivor; one in eight was merged by way of another."""
    n = len(leads)
    candidates = np.flatnonzero(~leads.is_test & (leads.created < END - 40 * DAY))
    survivor = np.sort(rng.choice(candidates, round(n * share), replace=False))
    first = len(survivor)
    chained = rng.choice(first, first // 8, replace=False) if first else np.zeros(0, dtype=np.int64)
    all_survivors = np.concatenate((survivor, survivor[chained]))
    into = np.concatenate((survivor, n + chained))
    created = leads.created[all_survivors] + rng.integers(HOUR, 30 * DAY, len(all_survivors))
    mql = leads.mql[all_survivors]
    takes = (mql > created) & (mql < END) & ~leads.mql_skipped[all_survivors]
    takes &= (leads.relapse[all_survivors] < 0) & (np.arange(len(into)) < first)
    channel = group_draw(
        rng, np.tile(co.CHANNEL_SHARES, (1, 1)), np.zeros(len(into), dtype=np.int64)
    )
    return MergedLeads(
        survivor=all_survivors, into=into, created=created,
        owner=company.roster.pick(rng, co.PROSPECTING, leads.country[all_survivors], created),
        channel=channel, takes_mql=takes & (rng.random(len(into)) < 0.6),
    )  # fmt: skip


def stage_history(leads: Leads, merged: MergedLeads, won: Ints) -> tuple[Ints, Ints, Ints]:
    """Lead, stage (0 lead … 5 disqualified) and moment of every recorded entry.

    `won` is when the lead's deal was won, NONE if it was not.
    """
    number = np.arange(len(leads))
    record = number.copy()  # the record that carries the entry into MQL
    record[merged.survivor[merged.takes_mql]] = len(leads) + np.flatnonzero(merged.takes_mql)
    entries = [
        (number, 0, leads.created),
        (len(leads) + np.arange(len(merged.into)), 0, merged.created),
        (record, 1, np.where(leads.mql_skipped, NONE, leads.mql)),
        (number, 0, leads.relapse),
        (number, 1, np.where(leads.again < END, leads.again, NONE)),
        (number, 2, np.where(leads.sql_skipped, NONE, leads.sql)),
        (number, 3, leads.opportunity),
        (number, 4, won),
        (number, 5, leads.disqualified),
    ]
    lead = np.concatenate([entry[0] for entry in entries])
    stage = np.concatenate([np.full(len(entry[0]), entry[1]) for entry in entries])
    moment = np.concatenate([entry[2] for entry in entries])
    kept = (moment >= 0) & (moment < END)
    lead, stage, moment = lead[kept], stage[kept], moment[kept]
    order = np.lexsort((stage, moment, lead))
    return lead[order], stage[order], moment[order]
