"""Marketing touchpoints: what visitors see and do before, when and after they become leads.

A visitor is a browser without a name. Filling in a form names the visitor and makes the lead; some
touches of before are named afterwards by the tracking system, most never are. The first touch of a
tracked lead lies LEAD_IN before its form, so the way from the first impression is planted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo.funnel import Leads, MergedLeads
from demo.timeline import (
    DAY,
    END,
    FIRST_DAY,
    HOUR,
    NONE,
    Flags,
    Ints,
    draw_moments,
    gamma_spread,
    group_draw,
)

TOUCH_TYPES = ("impression", "click", "visit", "asset_download", "form_fill")
IMPRESSION, CLICK, VISIT, DOWNLOAD, FORM_FILL = range(5)
LEAD_IN = gamma_spread(1.1, 11, 0.05, 75, DAY)
"""Seconds from the first touch of a tracked lead to its form."""
TRACKED_SHARE = 0.875
"""Of the leads with a form, which are four fifths of the inbound ones: 70 % of these."""
_NAMED_SHARE = 0.3  # of the touches before the form
_COUNTS = np.array([0.3, 0.25, 0.2, 0.15, 0.1])  # one to five touches before the form
_FIRST_KINDS = np.array([[0.0, 0.0, 0.9, 0.1], [0.55, 0.35, 0.1, 0.0]])  # without, with a campaign
_LATER_KINDS = np.array([[0.05, 0.2, 0.55, 0.2]])


@dataclass(frozen=True)
class Touchpoints:
    """Touchpoints in order of time; NONE stands for empty."""

    moment: Ints
    kind: Ints
    lead: Ints  # the lead record that the touch names
    visitor: Ints
    campaign: Ints
    survivor: Ints  # the lead that the touch turns out to be of; NONE where nobody ever knows

    def __len__(self) -> int:
        return len(self.moment)


def form_moment(number: Ints, channel: Ints, created: Ints) -> Ints:
    """When the form was sent that made a lead record; NONE for those that came another way."""
    has_form = (channel < co.FIRST_OUTBOUND) & (number % 5 != 0)
    return np.where(has_form, created - number % 40, NONE)


def lead_campaign(number: Ints, channel: Ints, created: Ints) -> Ints:
    """The campaign on a lead record: that of its channel, unless the CRM has lost it."""
    return np.where(number % 8 == 7, NONE, co.campaign_of(channel, created))


def _campaign(channel: Ints, moment: Ints) -> Ints:
    """The campaign of a touch; before the first day there was none."""
    return np.where(moment < FIRST_DAY * DAY, NONE, co.campaign_of(channel, moment))


def _is_first(group: Ints) -> Flags:
    return np.append(True, group[1:] != group[:-1])[: len(group)]


def _first_kind(rng: Generator, channel: Ints) -> Ints:
    return group_draw(rng, _FIRST_KINDS, np.isin(channel, co.CAMPAIGN_CHANNELS).astype(np.int64))


def _later_kind(rng: Generator, n: int) -> Ints:
    return group_draw(rng, _LATER_KINDS, np.zeros(n, dtype=np.int64))


def _before(rng: Generator, leads: Leads, tracked: Ints, form: Ints) -> Touchpoints:
    """One to five touches of each tracked lead, mostly without a name."""
    lead_in = LEAD_IN.draw(rng, len(tracked))
    count = 1 + rng.choice(len(_COUNTS), len(tracked), p=_COUNTS)
    place = np.repeat(np.arange(len(tracked)), count)
    n, lead, first = len(place), tracked[place], _is_first(place)
    share = np.where(first, 1.0, rng.uniform(0, 0.98, n))
    moment = form[lead] - (lead_in[place] * share).astype(np.int64)
    channel = leads.channel[lead]
    return Touchpoints(
        moment=moment,
        kind=np.where(first, _first_kind(rng, channel), _later_kind(rng, n)),
        lead=np.where(rng.random(n) < _NAMED_SHARE, lead, NONE), visitor=lead,
        campaign=_campaign(channel, moment), survivor=lead,
    )  # fmt: skip


def _forms(
    rng: Generator, leads: Leads, merged: MergedLeads, is_tracked: Flags, form: Ints
) -> Touchpoints:
    """The form of each tracked lead and of every duplicate that has one; half of the duplicates
    come from the browser of their survivor."""
    n = len(leads)
    lead = np.flatnonzero(is_tracked)
    number = n + np.arange(len(merged.into))
    again = form_moment(number, merged.channel, merged.created)
    same = is_tracked[merged.survivor] & (rng.random(len(number)) < 0.5)
    double = np.flatnonzero(again >= 0)
    numbers = np.concatenate((lead, number[double]))
    channel = np.concatenate((leads.channel[lead], merged.channel[double]))
    created = np.concatenate((leads.created[lead], merged.created[double]))
    return Touchpoints(
        moment=np.concatenate((form[lead], again[double])), kind=np.full(len(numbers), FORM_FILL),
        lead=numbers,
        visitor=np.concatenate((lead, np.where(same, merged.survivor, number)[double])),
        campaign=lead_campaign(numbers, channel, created),
        survivor=np.concatenate((lead, merged.survivor[double])),
    )  # fmt: skip


def _after(rng: Generator, leads: Leads, is_tracked: Flags) -> Touchpoints:
    """Touches of known leads: on the site, or from a message, which knows no browser. They are all
    that there is of a lead who came without a form."""
    lead = np.repeat(np.arange(len(leads)), rng.poisson(np.where(is_tracked, 0.8, 0.12)))
    n = len(lead)
    moment = leads.created[lead] + HOUR + rng.exponential(25 * DAY, n).astype(np.int64)
    on_site = is_tracked[lead] & (rng.random(n) < 0.6)
    return Touchpoints(
        moment=moment, kind=np.where(on_site, _later_kind(rng, n), CLICK), lead=lead,
        visitor=np.where(on_site, lead, NONE), campaign=_campaign(leads.channel[lead], moment),
        survivor=lead,
    )  # fmt: skip


def _strangers(rng: Generator, leads: Leads, first_visitor: int) -> Touchpoints:
    """Visitors who never become a lead: half as many as there are leads."""
    n = len(leads) // 2
    country = rng.choice(4, n, p=co.COUNTRY_SHARES)
    inbound = co.CHANNEL_SHARES[: co.FIRST_OUTBOUND]
    channel = rng.choice(co.FIRST_OUTBOUND, n, p=inbound / inbound.sum())
    start = draw_moments(rng, country)
    visitor = np.repeat(np.arange(n), np.minimum(rng.geometric(0.6, n), 6))
    first = _is_first(visitor)
    later = rng.exponential(6 * DAY, len(visitor)).astype(np.int64)
    moment = start[visitor] + np.where(first, 0, later)
    none = np.full(len(visitor), NONE)
    return Touchpoints(
        moment=moment, lead=none, visitor=first_visitor + visitor, survivor=none,
        kind=np.where(first, _first_kind(rng, channel[visitor]), _later_kind(rng, len(visitor))),
        campaign=_campaign(channel[visitor], moment),
    )  # fmt: skip


def build_touchpoints(rng: Generator, leads: Leads, merged: MergedLeads) -> Touchpoints:
    """All touchpoints of a block within the data. Visitors of leads have the lead's number."""
    n = len(leads)
    form = form_moment(np.arange(n), leads.channel, leads.created)
    is_tracked = (form >= 0) & (rng.random(n) < TRACKED_SHARE)
    parts = [
        _before(rng, leads, np.flatnonzero(is_tracked), form),
        _forms(rng, leads, merged, is_tracked, form),
        _after(rng, leads, is_tracked),
        _strangers(rng, leads, n + len(merged.into)),
    ]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Touchpoints.__dataclass_fields__
    }
    order = np.argsort(joined["moment"], kind="stable")
    order = order[joined["moment"][order] < END]
    return Touchpoints(**{name: values[order] for name, values in joined.items()})
