"""What the reps expected of their deals: close dates that slip, and deals that change hands.

A CRM overwrites such things; who extracts it again and again has them. The rows of today stand in
the files by year, what some of them said before in files of their own: one file has a row once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo import deals as dl
from demo import writing
from demo.company import Company
from demo.deals import Deals, StageEntries
from demo.timeline import DAY, NONE, Ints
from demo.writing import Table

EARLIER = ("_created", "_updated")
"""Suffixes of the files with what rows said when they were created, and at a later change."""
CHANGED_SHARE = 0.6
HANDED_OVER_SHARE = 0.15
PULLED_IN_SHARE = 0.3
UNDATED_SHARE = 0.05


@dataclass(frozen=True)
class Forecasts:
    """Expected closes (days, NONE without) of all deals, and the earlier versions of some."""

    expected: Ints  # by deal, as on its row of today
    changed: Ints  # the deals with earlier versions
    changed_at: Ints
    first_owner: Ints
    first_expected: Ints


def draw_forecasts(
    rng: Generator, company: Company, deals: Deals, entries: StageEntries
) -> Forecasts:
    """The expected close of every deal; six in ten of those that lived had another one before.

    Two versions come before the row of today: what was said when the deal was created, and from
    some moment on what is said today. One in seven of them had another owner at first.
    """
    n = len(deals)
    close = deals.close // DAY
    # Most are closed when they should be; of the others some are overdue.
    missed = np.where(rng.random(n) < 0.6, 0, rng.integers(-20, 31, n))
    expected = np.maximum(close + missed, deals.created // DAY + 1)
    expected = np.where(rng.random(n) < UNDATED_SHARE, NONE, expected)

    updated = last_entered(n, entries)
    lived = updated - deals.created
    changed = np.flatnonzero((rng.random(n) < CHANGED_SHARE) & (lived > 4 * DAY))
    size = len(changed)
    moment = deals.created[changed] + (rng.uniform(0.3, 0.95, size) * lived[changed]).astype(
        np.int64
    )
    slip = np.where(
        rng.random(size) < PULLED_IN_SHARE, -rng.integers(5, 41, size), rng.integers(10, 76, size)
    )
    first = np.maximum(expected[changed] - slip, deals.created[changed] // DAY + 1)
    first = np.where(expected[changed] == NONE, NONE, first)
    duty = np.where(deals.kind[changed] == dl.NEW_BUSINESS, co.CLOSING, co.MANAGING)
    other = company.roster.pick(rng, duty, deals.country[changed], deals.created[changed])
    handed_over = rng.random(size) < HANDED_OVER_SHARE
    return Forecasts(
        expected=expected,
        changed=changed,
        changed_at=moment,
        first_owner=np.where(handed_over, other, deals.owner[changed]),
        first_expected=first,
    )


def last_entered(n: int, entries: StageEntries) -> Ints:
    """By deal, the moment of its last stage entry: its row was changed then."""
    moments = np.zeros(n, dtype=np.int64)
    moments[entries.deal] = entries.entered  # numpy keeps the last of repeated positions
    return moments


def earlier_versions(
    opportunities: Table, deals: Deals, forecasts: Forecasts, entries: StageEntries
) -> dict[str, Table]:
    """By suffix, what the rows said before: as they were created, and after the change."""
    changed = forecasts.changed
    created, updated = EARLIER
    then = _version(opportunities, changed, deals.created[changed], entries)
    since = _version(opportunities, changed, forecasts.changed_at, entries)
    then["owner_rep_id"] = writing.ids("R", forecasts.first_owner, 4)
    then["expected_close_on"] = writing.on(forecasts.first_expected)
    return {created: then, updated: since}


def _version(opportunities: Table, deal: Ints, moment: Ints, entries: StageEntries) -> Table:
    """The rows as they were at a moment: open, with the stage and the value of then."""
    # The stage entry in force: entries are in order of deal and moment.
    far = int(entries.entered.max(initial=0)) + 1
    known = entries.deal * far + entries.entered
    place = np.searchsorted(known, deal * far + moment, side="right") - 1
    nothing = np.full(len(deal), NONE)
    return writing.take(opportunities, deal) | {
        "stage_id": writing.codes(co.STAGE_IDS, entries.stage[place]),
        "amount": writing.number(entries.amount[place]),
        "closed_at": writing.at(nothing),
        "outcome": writing.codes(("won", "lost"), nothing),
        "loss_reason": writing.codes(("",), nothing),
        "updated_at": writing.at(moment),
    }
