"""Touches: outreach before the first conversation, the conversation itself, the work on deals.

Before a deal's first contact there are only one-way touches (e-mails, social messages, voicemails,
automatic answers); the first contact itself is two-way: a message from the prospect, or a call,
meeting or demo that took place. So the sales cycle that the warehouse finds is the planted one.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo.company import Company
from demo.customers import Spells
from demo.deals import NEW_BUSINESS, RENEWAL, Deals
from demo.funnel import Leads
from demo.timeline import (
    DAY,
    END,
    END_DAY,
    FIRST_DAY,
    HOUR,
    NONE,
    Flags,
    Ints,
    in_working_hours,
    snap_to_work,
)

TYPES = ("call", "email", "video_meeting", "in_person_meeting", "demo", "social",
         "referral_request", "voicemail")  # fmt: skip
CALL, EMAIL, VIDEO, IN_PERSON, DEMO, SOCIAL, REFERRAL, VOICEMAIL = range(8)
OUT, IN = range(2)
STATUSES = ("planned", "completed", "cancelled", "no_show")
PLANNED, COMPLETED, CANCELLED, NO_SHOW = range(4)
OBJECTIONS = ("price", "timing", "authority", "need", "competitor")


@dataclass
class Touches:
    """Touches by number, with one array for each fact; NONE stands for empty."""

    kind: Ints
    direction: Ints
    cold: Flags
    automated: Flags
    rep: Ints
    lead: Ints
    contact: Ints
    account: Ints
    deal: Ints
    booked: Ints
    scheduled: Ints
    occurred: Ints
    status: Ints
    rescheduled_from: Ints
    reply_to: Ints
    sentiment: Ints
    auto_reply: Flags
    objection: Ints
    issue: Ints  # 0 no, 1 raised, 2 raised and resolved
    moment: Ints  # when it happened or should have, for the order

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, index: Ints | Flags) -> "Touches":
        """Touches by position or mask."""
        return Touches(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


def _touches(moment: Ints, **known: Ints | Flags | int) -> Touches:
    n = len(moment)
    values: dict[str, Any] = {}
    for field in fields(Touches):
        given = known.get(field.name)
        is_flag = field.name in ("cold", "automated", "auto_reply")
        if given is None:
            values[field.name] = np.zeros(n, dtype=bool) if is_flag else np.full(n, NONE)
        else:
            values[field.name] = np.full(n, given) if isinstance(given, int) else given
    values["moment"] = moment
    if "status" not in known:
        values["status"] = np.full(n, COMPLETED)
    values["occurred"] = np.where(values["status"] == COMPLETED, moment, NONE)
    return Touches(**values)


def _join(parts: list[Touches]) -> Touches:
    return Touches(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Touches)}
    )


def _doer(
    rng: Generator, company: Company, duty: int | Ints, country: Ints, owner: Ints, moment: Ints
) -> Ints:
    """The owner while employed, else a colleague with the same duty."""
    stand_in = company.roster.pick(rng, duty, country, moment)
    return np.where(company.roster.employed(owner, moment), owner, stand_in)


def _first_contact(rng: Generator, moment: Ints, country: Ints) -> tuple[Ints, Ints]:
    """Kind and direction of a two-way touch: outside office hours it is a message from them."""
    n = len(moment)
    kind = rng.choice([EMAIL, CALL, VIDEO, DEMO], n, p=[0.35, 0.4, 0.17, 0.08])
    kind = np.where(in_working_hours(moment, country), kind, EMAIL)
    direction = np.where((kind == EMAIL) | (rng.random(n) < 0.3), IN, OUT)
    return kind, direction


def _lead_key(lead: Ints, moment: Ints) -> Ints:
    return (lead << 28) | (moment - FIRST_DAY * DAY)


def _outreach(
    rng: Generator, company: Company, leads: Leads, contact: Ints, account: Ints
) -> Touches:
    """One-way touches in the weeks after a lead is created."""
    outbound = leads.channel >= co.FIRST_OUTBOUND
    lead = np.repeat(np.arange(len(leads)), rng.poisson(np.where(outbound, 6.2, 4.3)))
    n = len(lead)
    country = leads.country[lead]
    kind = rng.choice([EMAIL, SOCIAL, VOICEMAIL, CALL], n, p=[0.62, 0.14, 0.19, 0.05])
    automated = (kind == EMAIL) & (rng.random(n) < 0.5)
    moment = leads.created[lead] + HOUR // 4 + (rng.random(n) ** 3 * 30 * DAY).astype(np.int64)
    moment = np.where(automated, moment, snap_to_work(moment, country))
    # Who is called without an appointment and never becomes a deal answers at times; all other
    # calls found nobody, or they would be conversations.
    in_vain = outbound[lead] & (leads.contact[lead] < 0)
    place = np.arange(n)
    dials = in_vain & (leads.channel[lead] == co.COLD_CALL) & (kind == EMAIL) & ~automated
    kind = np.where(dials & (place % 3 > 0), CALL, kind)
    status = np.where((kind == CALL) & ~(in_vain & (place % 5 < 4)), CANCELLED, COMPLETED)
    status = np.where((kind != CALL) & (rng.random(n) < 0.015), PLANNED, status)
    answered = (kind == CALL) & (status == COMPLETED)
    mood = np.where(place % 20 == 1, 0, np.where(place % 10 == 2, 1, NONE))
    # A touch is cold until the first conversation, for two weeks at the most.
    talked = np.where(leads.contact < 0, END * 2, leads.contact)[lead]
    is_cold = (moment < talked) & (moment < leads.created[lead] + 14 * DAY) & ~leads.is_test[lead]
    owner = leads.owner[lead]
    made = _touches(
        moment, kind=kind, direction=OUT, automated=automated, lead=lead, contact=contact[lead],
        account=account[lead], status=status, scheduled=np.where(kind == CALL, moment, NONE),
        cold=outbound[lead] & ~automated & is_cold, sentiment=np.where(answered, mood, NONE),
        rep=_doer(rng, company, co.PROSPECTING, country, owner, moment),
    )  # fmt: skip
    made = made.take(moment < END)
    return made.take(np.lexsort((made.moment, made.lead)))


def _answers(
    rng: Generator, company: Company, leads: Leads, outreach: Touches, contact: Ints, account: Ints
) -> list[Touches]:
    """First conversations, further replies of leads without a deal, and automatic answers."""
    n = len(leads)
    chance = np.where(leads.mql >= 0, 0.35, 0.1)
    talks = (leads.contact < 0) & (rng.random(n) < chance)
    moment = np.where(talks, np.maximum(leads.mql, leads.created), leads.contact)
    moment = np.where(talks, moment + rng.integers(HOUR, 25 * DAY, n), moment)
    lead = np.flatnonzero((moment >= 0) & (moment < END))
    moment = moment[lead]
    country = leads.country[lead]
    kind, direction = _first_contact(rng, moment, country)
    # Where a message preceded it, a written first contact is a reply to the latest.
    place = np.searchsorted(_lead_key(outreach.lead, outreach.moment), _lead_key(lead, moment)) - 1
    place = np.maximum(place, 0)
    written = np.isin(outreach.kind[place], (EMAIL, SOCIAL)) & (outreach.status[place] == COMPLETED)
    answers = (outreach.lead[place] == lead) & written & (kind == EMAIL)
    mood = rng.choice([0, 1, NONE], len(lead), p=[0.6, 0.15, 0.25])
    first = _touches(
        moment, kind=kind, direction=direction, lead=lead, contact=contact[lead],
        account=account[lead], reply_to=np.where(answers, place, NONE),
        sentiment=np.where(answers, mood, NONE),
        rep=_doer(rng, company, co.PROSPECTING, country, leads.owner[lead], moment),
    )  # fmt: skip

    sent = (outreach.kind == EMAIL) & (outreach.status == COMPLETED)
    luck = rng.random(len(outreach))
    without_deal = leads.contact[outreach.lead] < 0
    replied = np.flatnonzero(sent & without_deal & (luck < 0.06))
    automatic = np.flatnonzero(sent & (luck > 0.97))
    parts = [first]
    for place, is_auto in ((replied, False), (automatic, True)):
        base = outreach.take(place)
        wait = rng.integers(30, 600, len(place)) if is_auto else (
            rng.exponential(1.2 * DAY, len(place)).astype(np.int64) + 300
        )  # fmt: skip
        mood = rng.choice([0, 1, NONE], len(place), p=[0.3, 0.5, 0.2])
        reply = _touches(
            base.moment + wait, kind=EMAIL, direction=IN, lead=base.lead, contact=base.contact,
            account=base.account, rep=base.rep, reply_to=place,
            sentiment=np.full(len(place), NONE) if is_auto else mood,
            auto_reply=np.full(len(place), is_auto),
        )  # fmt: skip
        parts.append(reply.take(reply.moment < END))
    return parts


def _deal_work(rng: Generator, company: Company, deals: Deals) -> list[Touches]:
    """What happens between the first contact and the close, and meetings planned ahead."""
    parts = []
    own = np.flatnonzero((deals.lead < 0) & (deals.kind != RENEWAL) & (deals.first_touch < END))
    moment, country = deals.first_touch[own], deals.country[own]
    kind, direction = _first_contact(rng, moment, country)
    duty = np.where(deals.kind == NEW_BUSINESS, co.CLOSING, co.MANAGING)
    is_expansion = deals.kind[own] != NEW_BUSINESS
    started = _touches(
        moment, kind=kind, direction=direction, contact=deals.contact[own],
        account=deals.account[own], deal=np.where(is_expansion, own, NONE),
        rep=_doer(rng, company, duty[own], country, deals.owner[own], moment),
    )  # fmt: skip
    parts.append(started.take(moment >= 0))

    start = np.where(deals.kind == RENEWAL, deals.created, deals.first_touch)
    stop = np.minimum(deals.close, END)
    rates = np.where(deals.kind == NEW_BUSINESS, 8.0, np.where(deals.kind == RENEWAL, 2.0, 4.0))
    deal = np.repeat(np.arange(len(deals)), rng.poisson(rates))
    n = len(deal)
    country = deals.country[deal]
    span = np.maximum(stop - start, 1)[deal]
    moment = start[deal] + 2 * HOUR + (rng.random(n) * span).astype(np.int64)
    kind = rng.choice(
        [CALL, EMAIL, VIDEO, IN_PERSON, DEMO, REFERRAL], n, p=[0.3, 0.42, 0.12, 0.05, 0.09, 0.02]
    )
    inbound = (kind == EMAIL) & (rng.random(n) < 0.35)
    moment = np.where(inbound, moment, snap_to_work(moment, country))
    meeting = np.isin(kind, (VIDEO, IN_PERSON, DEMO))
    status = rng.choice([COMPLETED, NO_SHOW, CANCELLED], n, p=[0.84, 0.06, 0.1])
    status = np.where(meeting, status, COMPLETED)
    booked = np.maximum(moment - rng.integers(DAY, 8 * DAY, n), start[deal] + 60)
    work = _touches(
        moment, kind=kind, direction=np.where(inbound, IN, OUT), status=status,
        lead=deals.lead[deal], contact=deals.contact[deal], account=deals.account[deal],
        deal=np.where((moment >= deals.created[deal]) | (deals.lead[deal] < 0), deal, NONE),
        booked=np.where(meeting, booked, NONE), scheduled=np.where(meeting, moment, NONE),
        sentiment=np.where(inbound, rng.choice([0, 1, NONE], n, p=[0.5, 0.2, 0.3]), NONE),
        objection=np.where((kind == CALL) & (rng.random(n) < 0.2), rng.integers(0, 5, n), NONE),
        rep=_doer(rng, company, duty[deal], country, deals.owner[deal], moment),
    )  # fmt: skip
    inside = moment < stop[deal]
    work, country = work.take(inside), country[inside]
    parts.append(work)

    # Half of the meetings that did not take place are held some days later.
    missed = np.flatnonzero((work.status != COMPLETED) & (rng.random(len(work)) < 0.5))
    base = work.take(missed)
    later = snap_to_work(base.moment + rng.integers(2 * DAY, 8 * DAY, len(base)), country[missed])
    again = _touches(
        later, kind=base.kind, direction=OUT, lead=base.lead, contact=base.contact,
        account=base.account, deal=base.deal, booked=base.moment + HOUR, scheduled=later,
        rep=_doer(rng, company, co.CLOSING, country[missed], base.rep, later),
        rescheduled_from=missed,
    )  # fmt: skip
    limit = np.full(len(base), END)
    of_deal = base.deal >= 0
    limit[of_deal] = stop[base.deal[of_deal]]
    parts.append(again.take(later < limit))

    open_deals = np.flatnonzero((deals.close >= END) & (rng.random(len(deals)) < 0.8))
    ahead = snap_to_work(
        END + rng.integers(0, 20 * DAY, len(open_deals)), deals.country[open_deals]
    )
    parts.append(
        _touches(
            ahead, kind=rng.choice([CALL, VIDEO, DEMO], len(open_deals)), direction=OUT,
            status=PLANNED, lead=deals.lead[open_deals], contact=deals.contact[open_deals],
            account=deals.account[open_deals], deal=open_deals, rep=deals.owner[open_deals],
            booked=np.full(len(open_deals), END - 5 * HOUR), scheduled=ahead,
        )
    )  # fmt: skip
    return parts


def _check_ins(rng: Generator, company: Company, deals: Deals, spells: Spells) -> Touches:
    """Account managers talk with their customers about twice a quarter."""
    start, end = spells.start, np.minimum(spells.end, END_DAY)
    spell = np.repeat(np.arange(len(spells)), rng.poisson(np.maximum(end - start, 0) / 45))
    n = len(spell)
    deal = spells.deal[spell]
    country = deals.country[deal]
    moment = (start[spell] + 1) * DAY + (rng.random(n) * (end - start)[spell] * DAY).astype(
        np.int64
    )
    moment = snap_to_work(moment, country)
    kind = rng.choice([CALL, EMAIL, VIDEO, IN_PERSON], n, p=[0.45, 0.35, 0.12, 0.08])
    inbound = rng.random(n) < 0.3
    luck = rng.random(n)
    made = _touches(
        moment, kind=kind, direction=np.where(inbound, IN, OUT), contact=deals.contact[deal],
        account=deals.account[deal], issue=np.where(luck < 0.2, 2, np.where(luck < 0.26, 1, 0)),
        scheduled=np.where(np.isin(kind, (VIDEO, IN_PERSON)), moment, NONE),
        rep=company.roster.pick(rng, co.MANAGING, country, moment),
    )  # fmt: skip
    return made.take(moment < END)


def build_touches(
    rng: Generator,
    company: Company,
    leads: Leads,
    contact: Ints,
    account: Ints,
    deals: Deals,
    spells: Spells,
) -> Touches:
    """All touches in order of time, with references to the new numbers."""  # fmt: skip
    outreach = _outreach(rng, company, leads, contact, account)
    parts = [outreach, *_answers(rng, company, leads, outreach, contact, account)]
    before = sum(len(part) for part in parts)
    started, work, again, ahead = _deal_work(rng, company, deals)
    work_from = before + len(started)
    again.rescheduled_from = again.rescheduled_from + work_from
    check_ins = _check_ins(rng, company, deals, spells)
    joined = _join([*parts, started, work, again, ahead, check_ins])
    # Nothing is cold towards a customer.
    won = deals.won & deals.decided
    since = np.full(max(deals.account.max(), account.max()) + 1, END * 2)
    np.minimum.at(since, deals.account[won], deals.close[won])
    joined.cold &= ~((joined.account >= 0) & (since[joined.account] <= joined.moment))
    order = np.argsort(joined.moment, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    joined = joined.take(order)
    for name in ("reply_to", "rescheduled_from"):
        old = getattr(joined, name)
        setattr(joined, name, np.where(old < 0, NONE, place[np.maximum(old, 0)]))
    return joined
