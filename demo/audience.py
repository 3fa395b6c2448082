"""How people answer marketing: e-mails, calls to action, collateral and satisfaction surveys."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo import deals as dl
from demo.company import Company
from demo.customers import Spells
from demo.deals import Deals
from demo.timeline import DAY, END, END_DAY, FIRST_DAY, HOUR, NONE, Flags, Ints, snap_to_work

# --- E-mails ------------------------------------------------------------------------------------

VARIANTS = ("control", "film title", "question")
OPEN_CHANCES = np.array([0.24, 0.30, 0.27])
"""That a person opens a delivered e-mail, by variant."""
BOUNCE_CHANCE = 0.03
_MACHINE_OPENS = 0.12
_CLICKS = 0.11  # of the e-mails that people open
EVENTS = ("delivered", "bounced", "opened", "clicked", "unsubscribed")
DELIVERED, BOUNCED, OPENED, CLICKED, UNSUBSCRIBED = range(5)


@dataclass(frozen=True)
class Mailing:
    """E-mails to one recipient each, and what happened to them."""

    contact: Ints
    campaign: Ints
    rep: Ints  # NONE where marketing sends
    variant: Ints
    sent: Ints
    is_delivered: Flags
    is_opened: Flags  # by a person
    event_of: Ints
    event: Ints
    moment: Ints
    is_machine: Flags

    def __len__(self) -> int:
        return len(self.sent)


def build_mailing(
    rng: Generator, company: Company, n: int, created: Ints, country: Ints, is_test: Flags
) -> Mailing:
    """`n` e-mails to contacts, given by when they were created; none to contacts of tests."""
    known = np.flatnonzero(~is_test)
    known = known[np.argsort(created[known], kind="stable")]
    # More every year; to whoever is known a day before.
    span = END - (FIRST_DAY + 45) * DAY - 8 * DAY
    sent = (FIRST_DAY + 45) * DAY + (rng.random(n) ** 0.8 * span).astype(np.int64)
    people = np.searchsorted(created[known], sent - DAY)
    contact = known[(rng.random(n) * people).astype(np.int64)]
    sent = snap_to_work(sent, country[contact])
    order = np.argsort(sent, kind="stable")
    contact, sent = contact[order], sent[order]
    # Invitations to events by marketing, cold e-mails of campaigns by the people who prospect.
    is_cold = rng.random(n) < 0.3
    channel = np.where(is_cold, 6, 4)
    rep = company.roster.pick(rng, co.PROSPECTING, country[contact], sent)
    variant = rng.choice(3, n, p=[0.5, 0.25, 0.25])
    bounced = rng.random(n) < BOUNCE_CHANCE
    opened = ~bounced & (rng.random(n) < OPEN_CHANCES[variant])
    machine = ~bounced & (rng.random(n) < _MACHINE_OPENS)
    clicked = opened & (rng.random(n) < _CLICKS)
    again = opened & (rng.random(n) < 0.25)
    left = opened & (rng.random(n) < 0.008)
    unlogged = opened & (rng.random(n) < 0.02)  # the open is all that shows the delivery
    read = sent + 120 + np.minimum(rng.exponential(9 * HOUR, n), 3 * DAY).astype(np.int64)
    parts = (
        (~bounced & ~unlogged, DELIVERED, sent + 20),
        (bounced, BOUNCED, sent + 45),
        (machine, OPENED, sent + 30),
        (opened, OPENED, read),
        (again, OPENED, read + DAY),
        (clicked, CLICKED, read + 60),
        (left, UNSUBSCRIBED, read + 300),
    )
    which = [np.flatnonzero(rows) for rows, _, _ in parts]
    event_of = np.concatenate(which)
    events = np.concatenate(
        [np.full(len(rows), kind) for rows, (_, kind, _) in zip(which, parts, strict=True)]
    )
    moment = np.concatenate([when[rows] for rows, (_, _, when) in zip(which, parts, strict=True)])
    by_machine = np.repeat(np.arange(len(parts)) == 2, [len(rows) for rows in which])
    order = np.lexsort((events, moment))
    return Mailing(
        contact=contact, campaign=co.campaign_of(channel, sent), rep=np.where(is_cold, rep, NONE),
        variant=variant, sent=sent, is_delivered=~bounced, is_opened=opened,
        event_of=event_of[order], event=events[order], moment=moment[order],
        is_machine=by_machine[order],
    )  # fmt: skip


# --- Calls to action ----------------------------------------------------------------------------

CTAS = (  # name, placement, chance of a click
    ("Book a demo", "home page", 0.042),
    ("درخواست مشاوره", "pricing page", 0.051),
    ("Tải bảng giá", "blog", 0.026),
    ("Start a trial", "header", 0.035),
    ("حمّل الدليل", "blog", 0.022),
    ("Join the webinar", "e-mail footer", 0.03),
)
SUBMISSION_CHANCE = 0.24
IMPRESSION, CLICK, SUBMISSION = range(3)
CTA_EVENTS = ("impression", "click", "submission")


@dataclass(frozen=True)
class CtaEvents:
    """What visitors did with calls to action; one visitor meets one of them."""

    cta: Ints
    kind: Ints
    visitor: Ints
    moment: Ints
    is_bot: Flags
    converts: Flags  # a click that a submission follows within a day

    def __len__(self) -> int:
        return len(self.cta)


def build_cta_events(rng: Generator, n: int, first_visitor: int) -> CtaEvents:
    """`n` visitors; one in twelve sees it twice, some are bots, a few come back too late."""
    moment = FIRST_DAY * DAY + np.sort(rng.integers(0, (END_DAY - FIRST_DAY - 4) * DAY, n))
    cta = rng.choice(len(CTAS), n, p=[0.25, 0.15, 0.2, 0.2, 0.1, 0.1])
    visitor = first_visitor + np.arange(n)
    is_bot = rng.random(n) < 0.06
    chance = np.array([row[2] for row in CTAS])[cta]
    clicks = rng.random(n) < np.where(is_bot, 0.3, chance)
    submits = clicks & ~is_bot & (rng.random(n) < SUBMISSION_CHANCE)
    late = submits & (rng.random(n) < 0.06)
    click_at = moment + rng.integers(2, 90, n)
    submit_at = click_at + np.where(late, 2 * DAY, rng.integers(20, 1_500, n))
    none = np.zeros(n, dtype=bool)
    parts = (
        (~none, IMPRESSION, moment, none),
        (rng.random(n) < 1 / 12, IMPRESSION, moment + 1, none),
        (clicks, CLICK, click_at, submits & ~late),
        (submits, SUBMISSION, submit_at, none),
    )
    which = [np.flatnonzero(rows) for rows, _, _, _ in parts]
    place = np.concatenate(which)
    pairs = list(zip(which, parts, strict=True))
    moments = np.concatenate([part[2][rows] for rows, part in pairs])
    order = np.argsort(moments, kind="stable")
    return CtaEvents(
        cta=cta[place][order],
        kind=np.concatenate([np.full(len(rows), part[1]) for rows, part in pairs])[order],
        visitor=visitor[place][order], moment=moments[order], is_bot=is_bot[place][order],
        converts=np.concatenate([part[3][rows] for rows, part in pairs])[order],
    )  # fmt: skip


# --- Collateral ---------------------------------------------------------------------------------

COLLATERAL = (
    ("Buying guide", "guide"), ("راهنمای پیاده‌سازی", "guide"), ("Why CRM projects fail", "article"),
    ("Discovery call script", "script"), ("Product tour", "video"), ("فيديو العملاء", "video"),
    ("Larkfield Foods", "case_study"), ("Câu chuyện Sao Mai", "case_study"),
    ("Data protection", "white_paper"), ("Service desk in numbers", "infographic"),
    ("Old price list", "article"),
)  # fmt: skip
UNUSED = 10
USES = ("shared", "viewed", "downloaded", "trained")
SHARED, VIEWED, DOWNLOADED, TRAINED = range(4)


@dataclass(frozen=True)
class Uses:
    """Uses of collateral; NONE stands for empty."""

    asset: Ints
    kind: Ints
    rep: Ints
    contact: Ints
    deal: Ints
    moment: Ints

    def __len__(self) -> int:
        return len(self.asset)


def build_uses(rng: Generator, company: Company, deals: Deals, with_training: bool) -> Uses:
    """Shared while a deal is open, more often in deals that are won, viewed by four in ten
    contacts; reps train on it about every second month."""
    used = np.where(deals.won, 0.5, 0.36) * (deals.kind != dl.RENEWAL)
    n = len(deals)
    deal = np.repeat(np.arange(n), (rng.random(n) < used) * (1 + (rng.random(n) < 0.4)))
    asset = rng.choice(UNUSED, len(deal))
    span = np.maximum(deals.close - deals.created, 2)[deal]
    moment = deals.created[deal] + 1 + (rng.random(len(deal)) * 0.9 * span).astype(np.int64)
    viewed = rng.random(len(deal)) < 0.42
    loaded = viewed & (rng.random(len(deal)) < 0.3)
    later = moment + rng.integers(60, 6 * DAY, len(deal))
    shown = np.flatnonzero(viewed)
    kept = np.flatnonzero(loaded)
    rep, contact = deals.owner[deal], deals.contact[deal]
    none_shown, none_kept = np.full(len(shown), NONE), np.full(len(kept), NONE)
    parts = [
        (asset, np.full(len(deal), SHARED), rep, contact, deal, moment),
        (asset[shown], np.full(len(shown), VIEWED), none_shown, contact[shown], none_shown,
         later[shown]),
        (asset[kept], np.full(len(kept), DOWNLOADED), none_kept, contact[kept], none_kept,
         later[kept] + 90),
    ]  # fmt: skip
    if with_training:
        roster = company.roster
        start = np.maximum(roster.hired, FIRST_DAY) + 1
        stop = np.minimum(roster.terminated, END_DAY)
        person = np.repeat(
            np.arange(len(roster.role)), rng.poisson(np.maximum(stop - start, 0) / 60)
        )
        m = len(person)
        day = start[person] + (rng.random(m) * (stop - start)[person]).astype(np.int64)
        nobody = np.full(m, NONE)
        when = day * DAY + rng.integers(8 * HOUR, 15 * HOUR, m)
        parts.append((rng.choice(UNUSED, m), np.full(m, TRAINED), person, nobody, nobody, when))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[5], kind="stable")
    order = order[columns[5][order] < END]
    return Uses(*(column[order] for column in columns))


# --- Satisfaction of customers ------------------------------------------------------------------

SCORES = np.array([0.01, 0.01, 0.01, 0.02, 0.02, 0.05, 0.07, 0.14, 0.2, 0.25, 0.22])
"""Answers 0 to 10: 47 % promoters, 34 % passive, 19 % detractors."""
ANSWER_CHANCE = 0.4
_BETWEEN = 182  # days


@dataclass(frozen=True)
class Surveys:
    """Surveys sent to customers; NONE stands for empty."""

    deal: Ints  # the first won deal of the customer, whose contact is asked
    sent: Ints
    answered: Ints
    score: Ints
    is_early: Flags  # the customer is younger than 90 days

    def __len__(self) -> int:
        return len(self.deal)


def build_surveys(rng: Generator, deals: Deals, spells: Spells) -> Surveys:
    """Twice a year from the fourth month on; one customer in ten is asked too early as well."""
    # One spell an account, that of its earliest win; test accounts are not asked.
    real = np.flatnonzero(~spells.is_return & ~deals.is_test[spells.deal])
    real = real[np.argsort(deals.close[spells.deal[real]], kind="stable")]
    _, first = np.unique(deals.account[spells.deal[real]], return_index=True)
    spell = real[np.sort(first)]
    deal = spells.deal[spell]
    won_on = deals.close[deal] // DAY
    stop = np.minimum(spells.end[spell], END_DAY)
    parts = []
    early = rng.random(len(spell)) < 0.1
    start = won_on + rng.integers(100, 160, len(spell))
    for turn in range(7):
        day = start + (turn - 1) * _BETWEEN if turn else won_on + 25
        asked = np.flatnonzero(early if turn == 0 else day < stop)
        asked = asked[day[asked] < stop[asked]]
        parts.append((asked, day[asked], np.full(len(asked), turn == 0)))
    row = np.concatenate([part[0] for part in parts])
    sent = np.concatenate([part[1] for part in parts]) * DAY + 9 * HOUR
    n = len(row)
    wait = np.minimum(rng.exponential(4 * DAY, n), 40 * DAY).astype(np.int64) + 300
    answered = np.where(rng.random(n) < ANSWER_CHANCE, sent + wait, NONE)
    answered = np.where(answered < END, answered, NONE)
    score = rng.choice(11, n, p=SCORES)
    order = np.argsort(sent, kind="stable")
    return Surveys(
        deal=deal[row][order], sent=sent[order], answered=answered[order],
        score=np.where(answered >= 0, score, NONE)[order],
        is_early=np.concatenate([part[2] for part in parts])[order],
    )  # fmt: skip
