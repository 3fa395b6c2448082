"""Campaigns and what they cost, e-mails, calls to action, collateral."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from .generator import Generator
from .shapes import CHANNELS

COLLATERAL = ["guide", "article", "script", "video", "case_study", "white_paper", "infographic"]
EXPENSES = ["marketing", "advertising", "salary", "commission", "tools", "hidden"]
#: what happened to an e-mail: events with their time after the sending
EMAIL_STORIES = [
    [],
    ["delivered"],
    ["delivered"],
    ["bounced"],
    ["delivered", "bounced"],
    ["delivered", "opened"],
    ["delivered", "opened"],
    ["opened"],
    ["delivered", "machine"],
    ["machine"],
    ["machine", "delivered", "opened"],
    ["delivered", "opened", "opened", "clicked"],
    ["delivered", "clicked"],
    ["delivered", "opened", "unsubscribed"],
]
MINUTE = 60
DAY = 86_400


def campaigns(c: Generator) -> None:
    """Budgets in several currencies; one campaign over, one without leads, one not begun."""
    for number in range(1, 8):
        start = c.shape.start if number < 4 else c.day(last=c.shape.as_of)
        end = c.day(start + timedelta(days=30), start + timedelta(days=200))
        if number == 7:
            start, end = c.shape.as_of + timedelta(days=5), None
        budget = Decimal(0) if number == 6 else Decimal(c.rng.randint(5, 60) * 100)
        c.put(
            "campaigns",
            {
                "campaign_id": f"c{number}",
                "campaign_name": f"Campaign {number}",
                "channel": c.pick(CHANNELS),
                "motion": c.pick(["inbound", "inbound", "outbound"]),
                "budget_amount": budget,
                "currency": c.a_currency(),
                "start_on": start,
                "end_on": end if number in (2, 4, 5) else None,
            },
        )
        if number == 3:
            continue
        for day in c.rng.sample(c.span, 20):
            if day < start or (end and day > end and c.chance(0.7)):
                continue
            c.put(
                "campaign_spend",
                {
                    "campaign_id": f"c{number}",
                    "spend_on": day,
                    "amount": c.amount(1, 200) * c.pick([1, 1, 1, 1, 0, -1]),
                    "currency": c.a_currency(),
                },
                _deleted=c.gone(),
            )


def touchpoints(c: Generator) -> None:
    """Of leads, of visitors who never became one, and of both at once."""
    for number in range(c.shape.leads * 2):
        lead = c.pick(c.rows["leads"])
        first = lead["created_at"].date() - timedelta(days=90)
        c.put(
            "marketing_touchpoints",
            {
                "touchpoint_id": f"m{number:04}",
                "lead_id": lead["lead_id"] if c.chance(0.6) else None,
                "visitor_id": f"v{c.rng.randint(1, 400)}" if c.chance(0.6) else None,
                "campaign_id": c.pick(["c1", "c2", "c5", "c_missing", None, None]),
                "touch_type": c.pick(
                    ["impression", "impression", "click", "visit", "asset_download", "form_fill"]
                ),
                "occurred_at": c.moment(first, lead["created_at"].date()),
            },
        )


def emails(c: Generator) -> None:
    """Bounced, opened by people or machines, once or twice; variants with and without a control."""
    variants = {
        "c1": ["control", "Control", "a", "b"],
        "c2": ["control", "film title", None],
        "c3": ["a", "b"],
        "c4": ["CONTROL", "a"],
        None: ["control", "a", None],
    }
    number = 0
    for send in range(60):
        campaign = c.pick(["c1", "c1", "c1", "c2", "c2", "c3", "c4", None])
        variant = c.pick(variants[campaign])
        sent = c.moment()
        key = f"s{send:03}"
        c.put(
            "email_sends",
            {
                "email_send_id": key,
                "campaign_id": campaign,
                "rep_id": c.pick([*c.reps, None]),
                "contact_id": c.pick([*c.contact_ids, None]),
                "subject_line": f"Line {variant}" if variant else None,
                "subject_variant": variant,
                "sent_at": sent,
            },
            _deleted=c.gone(),
        )
        never_opened = campaign == "c4" and variant == "CONTROL"
        moment = sent
        for event in ["delivered"] if never_opened else c.pick(EMAIL_STORIES):
            number += 1
            moment = moment + timedelta(seconds=c.pick([0, 5, MINUTE, DAY])) if number % 9 else sent
            c.put(
                "email_events",
                {
                    "email_event_id": f"v{number:04}",
                    "email_send_id": key if c.chance(0.98) else "s_missing",
                    "event_type": "opened" if event == "machine" else event,
                    "occurred_at": c.after(moment, 5) if event == "opened" else moment,
                    "is_machine_open": event == "machine",
                },
                _deleted=c.gone(0.01),
            )


def calls_to_action(c: Generator) -> None:
    """Visits that see, click and submit, in the right order and in others; bots among them."""
    for number in range(1, 7):
        c.put(
            "ctas",
            {
                "cta_id": f"w{number}",
                "cta_name": f"Button {number}",
                "placement": c.pick(["header", "footer", "blog", None]),
                "campaign_id": c.pick(["c1", "c2", None]),
            },
        )
    for _ in range(70):
        cta, visitor = f"w{c.rng.randint(1, 4)}", f"v{c.rng.randint(1, 25)}"
        moment = c.moment()
        is_bot = c.chance(0.12)
        for _ in range(c.pick([0, 1, 1, 2])):
            cta_event(c, cta, "impression", visitor, moment, is_bot)
        for _ in range(c.pick([0, 0, 1, 1, 2])):
            moment += timedelta(seconds=c.pick([1, 40, 3600]))
            cta_event(c, cta, "click", visitor, moment, is_bot)
        for _ in range(c.pick([0, 0, 1, 2])):
            waited = timedelta(seconds=c.pick([0, 30, 3600, DAY - 1, DAY, DAY + 1, 2 * DAY]))
            who = visitor if c.chance(0.9) else "v_other"
            where = cta if c.chance(0.9) else "w4"
            cta_event(c, where, "submission", who, moment + waited, is_bot)
    # Clicks on what nobody was shown, and on what does not exist.
    for cta in ("w5", "w5", "w_missing"):
        cta_event(c, cta, "click", "v1", c.moment(last=c.shape.as_of), False)


def cta_event(
    c: Generator, cta: str, kind: str, visitor: str, moment: datetime, is_bot: bool
) -> None:
    number = len(c.rows.get("cta_events", []))
    c.put(
        "cta_events",
        {
            "cta_event_id": f"n{number:04}",
            "cta_id": cta,
            "event_type": kind,
            "visitor_id": visitor,
            "lead_id": c.pick([*c.lead_ids, None]) if kind == "submission" else None,
            "occurred_at": moment,
            "is_bot": is_bot or c.chance(0.03),
        },
        _deleted=c.gone(0.01),
    )


def collateral(c: Generator) -> None:
    """Shared and then viewed, viewed before, never viewed; used before, at and after a close."""
    for number, kind in enumerate(COLLATERAL + COLLATERAL[:2], start=1):
        row = {"collateral_id": f"z{number}", "title": f"Title {number}", "collateral_type": kind}
        c.put("collateral", row, _deleted=c.gone())
    used = [f"z{number}" for number in range(1, 8)] + ["z_missing"]
    for _ in range(60):
        asset, contact, rep = c.pick(used), c.pick([*c.contact_ids[:20], None]), c.pick(c.reps)
        moment = c.moment()
        collateral_event(c, asset, "shared", moment, rep, contact)
        if c.chance(0.2):
            collateral_event(c, asset, "shared", c.after(moment, 60), c.pick(c.reps), contact)
        for _ in range(c.pick([0, 0, 1, 2])):
            days = timedelta(seconds=c.pick([-DAY, -1, 0, 1, DAY, 40 * DAY]))
            kind = c.pick(["viewed", "downloaded"])
            collateral_event(c, asset, kind, moment + days, None, contact)
    for _ in range(30):
        collateral_event(c, c.pick(used), "trained", c.moment(), c.pick(c.reps), None)
    for deal in c.rows["opportunities"]:
        if not c.chance(0.3):
            continue
        closed = deal["closed_at"] or c.after(deal["created_at"])
        for _ in range(c.pick([1, 1, 2])):
            moment = closed + timedelta(seconds=c.pick([-9 * DAY, -1, 0, 1, DAY]))
            kind = c.pick(["shared", "viewed", "trained"])
            contact = deal["primary_contact_id"]
            key = deal["opportunity_id"]
            collateral_event(c, c.pick(used), kind, moment, c.pick(c.reps), contact, key)


def collateral_event(
    c: Generator,
    asset: str,
    kind: str,
    moment: datetime,
    rep: str | None,
    contact: str | None,
    deal: str | None = None,
) -> None:
    number = len(c.rows.get("collateral_events", []))
    c.put(
        "collateral_events",
        {
            "collateral_event_id": f"y{number:04}",
            "collateral_id": asset,
            "event_type": kind,
            "rep_id": rep,
            "contact_id": contact,
            "opportunity_id": deal,
            "occurred_at": moment,
        },
        _deleted=c.gone(),
    )


def expenses(c: Generator) -> None:
    """Every category, with and without motion and campaign; refunds; shares from none to all."""
    for number in range(90):
        amount = c.amount(20, 3000)
        c.put(
            "expenses",
            {
                "expense_id": f"x{number:03}",
                "expense_on": c.day(),
                "category": c.pick(EXPENSES),
                "motion": c.pick(["inbound", "outbound", None]),
                "channel": c.pick([*CHANNELS, None]),
                "campaign_id": c.pick(["c1", "c2", "c4", "c_missing", None, None]),
                "amount": -amount if c.chance(0.1) else amount,
                "currency": c.a_currency(),
                "acquisition_share": c.pick(
                    [Decimal(0), Decimal("0.3333"), Decimal("0.5"), Decimal(1), Decimal(1)]
                ),
            },
            _deleted=c.gone(),
        )
