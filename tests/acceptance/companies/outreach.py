"""Touches, answers to leads, replies and meetings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .generator import Generator, Row
from .people import zone_of
from .shapes import TOUCHES

MEETINGS = ["video_meeting", "in_person_meeting", "demo"]
NOBODY: Row = {"lead_id": None, "contact_id": None, "account_id": None, "opportunity_id": None}


def activity(c: Generator, kind: str, rep: str, links: Row, **more: Any) -> Row:
    """A completed outbound touch, if nothing else is said."""
    number = len(c.rows.get("activities", []))
    row = {
        "activity_id": f"t{number:04}",
        "activity_type": kind,
        "direction": "outbound",
        "is_cold": False,
        "is_automated": False,
        "rep_id": rep,
        **NOBODY,
        **links,
        "booked_at": None,
        "scheduled_for": None,
        "occurred_at": None,
        "status": "completed",
        "rescheduled_from_activity_id": None,
        "reply_to_activity_id": None,
        "reply_sentiment": None,
        "is_auto_reply": False,
        "objection_type": None,
        "issue_raised": None,
        "issue_resolved": None,
        "recording_url": None,
        **more,
    }
    return c.put("activities", row, _deleted=c.gone())


def touches(c: Generator) -> None:
    """Around deals, linked in every way; several within an hour; with objections and issues."""
    deals = c.rows["opportunities"]
    accounts = {row["contact_id"]: row["account_id"] for row in c.rows["contacts"]}
    for _ in range(int(c.shape.leads * 2.5)):
        deal = c.pick(deals)
        links = some_links(c, deal, accounts)
        around = deal["created_at"].date()
        occurred = c.moment(around - timedelta(days=60), around + timedelta(days=60))
        if deal["closed_at"] and c.chance(0.1):
            occurred = deal["closed_at"] + timedelta(seconds=c.pick([-1, 0, 1, 86400]))
        kind, rep = c.pick(TOUCHES), c.pick(c.reps)
        direction = c.pick(["outbound", "outbound", "inbound"])
        is_call = kind == "call" and direction == "outbound"
        objects = c.chance(0.4 if "opportunity_id" in links else 0.1)
        has_issue = c.pick([True, False, None, None])
        activity(
            c,
            kind,
            rep,
            links,
            direction=direction,
            is_cold=direction == "outbound" and c.chance(0.35),
            is_automated=c.chance(0.15),
            occurred_at=occurred if c.chance(0.95) else None,
            status=c.pick(["completed"] * 6 + ["planned", "cancelled", "no_show"]),
            reply_sentiment=c.pick(["positive", "negative", None]) if is_call else None,
            is_auto_reply=c.chance(0.1),
            objection_type=c.pick(["price", "price", "Price", "timing"]) if objects else None,
            issue_raised=has_issue,
            issue_resolved=c.pick([True, False, None]) if has_issue else c.pick([None, False]),
        )
        if c.chance(0.12):
            for seconds in c.rng.sample([1, 1200, 3599, 3600, 3601, 5400], 2):
                again = occurred + timedelta(seconds=seconds)
                activity(c, kind, rep, links, direction=direction, occurred_at=again)


def some_links(c: Generator, deal: Row, accounts: dict[str, str]) -> Row:
    """What a touch is linked to: one thing, several, nothing, or records that never arrived."""
    lead_id = deal["lead_id"] or c.pick(c.lead_ids)
    contact_id = deal["primary_contact_id"] or c.pick(c.contact_ids)
    everything = {
        "lead_id": lead_id,
        "contact_id": contact_id,
        "account_id": c.pick([deal["account_id"], accounts[contact_id]]),
        "opportunity_id": deal["opportunity_id"],
    }
    kind = c.pick(["one", "one", "one", "person", "some", "some", "none", "missing"])
    if kind == "one":
        name = c.pick(list(everything))
        return {name: everything[name]}
    if kind == "person":
        return {"lead_id": lead_id, "contact_id": contact_id}
    if kind == "some":
        return {name: value for name, value in everything.items() if c.chance(0.4)}
    if kind == "missing" and c.chance(0.3):
        return {c.pick(list(everything)): "missing"}
    return {}


def responses(c: Generator) -> None:
    """First touches of leads: at once, at opening time, over a weekend, automated, too early."""
    entries = [row for row in c.rows["lead_stage_history"] if row["stage"] == "mql"]
    mql_at = {row["lead_id"]: row["entered_at"] for row in reversed(entries)}
    for lead in c.rows["leads"]:
        moments = [mql_at.get(lead["lead_id"]), lead["form_submitted_at"]]
        trigger = min(filter(None, moments), default=None)
        if trigger is None or not c.chance(0.7):
            continue
        rep = lead["owner_rep_id"] if c.chance(0.8) else None
        links = c.pick(
            [
                {"lead_id": lead["lead_id"]},
                {"lead_id": lead["lead_id"], "account_id": lead["account_id"]},
                {"contact_id": lead["contact_id"]},
            ]
        )
        for _ in range(c.pick([1, 1, 2, 3])):
            activity(
                c,
                c.pick(["call", "email", "email", "social", "voicemail", "demo"]),
                rep or c.pick(c.reps),
                links,
                is_cold=c.chance(0.3),
                is_automated=c.chance(0.2),
                occurred_at=answered(c, rep, trigger),
                status=c.pick(["completed"] * 5 + ["planned", "no_show"]),
            )


def answered(c: Generator, rep: str | None, trigger: datetime) -> datetime:
    """Some time after the trigger, or before it."""
    seconds = c.pick([-3600, -1, 0, 1, 300, 1800, 3600, 86_399, 86_400, 604_800, 604_801, None])
    if seconds is not None and c.chance(0.6):
        return trigger + timedelta(seconds=seconds)
    day = trigger.date()
    later = c.office_moment(zone_of(c, rep), day, day + timedelta(days=c.pick([1, 4, 20])))
    return later if c.chance(0.1) else max(trigger, later)


def replies(c: Generator) -> None:
    """To touches or out of the blue; from machines; one person now in favour and now against."""
    asked = [
        row
        for row in c.rows["activities"]
        if row["direction"] == "outbound" and row["occurred_at"] and row["activity_type"] != "demo"
    ]
    for _ in range(int(c.shape.leads * 0.6)):
        touch = c.pick(asked)
        links = {name: touch[name] for name in NOBODY} if c.chance(0.85) else {}
        occurred = touch["occurred_at"]
        for _ in range(c.pick([1, 1, 1, 2, 3])):
            occurred = c.after(occurred, 30)
            is_machine = c.chance(0.15)
            activity(
                c,
                touch["activity_type"] if c.chance(0.8) else c.pick(TOUCHES),
                touch["rep_id"] if c.chance(0.7) else c.pick(c.reps),
                links,
                direction="inbound",
                occurred_at=occurred,
                status="completed" if c.chance(0.95) else "planned",
                is_auto_reply=is_machine,
                is_automated=is_machine and c.chance(0.5),
                reply_to_activity_id=c.pick([touch["activity_id"]] * 8 + [None, "t_missing"]),
                reply_sentiment=c.pick(
                    ["positive", "positive", "negative", "negative", None, None]
                ),
            )


def meetings(c: Generator) -> None:
    """Booked and held, moved up to three times, cancelled, missed, held after the last day."""
    accounts = {row["contact_id"]: row["account_id"] for row in c.rows["contacts"]}
    for _ in range(int(c.shape.leads * 0.3)):
        deal = c.pick(c.rows["opportunities"])
        links = some_links(c, deal, accounts)
        rep, kind = c.pick(c.reps), c.pick(MEETINGS)
        last = c.shape.as_of
        is_ahead = c.chance(0.2)
        booked = c.moment(last - timedelta(days=9), last) if is_ahead else c.moment()
        earlier = "t_missing" if c.chance(0.09) else None
        for remaining in reversed(range(1 if is_ahead else c.pick([1, 1, 2, 3]))):
            planned = c.after(booked, 25)
            if is_ahead:
                planned = max(planned, c.moment(last + timedelta(days=1), last + timedelta(days=9)))
            status = c.pick(["completed", "completed", "completed", "no_show", "cancelled"])
            if remaining:
                status = c.pick(["cancelled", "cancelled", "no_show"])
            elif planned.date() > c.shape.as_of:
                status = c.pick(["planned", "completed"])
            row = activity(
                c,
                kind,
                rep if c.chance(0.9) else c.pick(c.reps),
                links,
                direction=c.pick(["outbound", "outbound", "outbound", "inbound"]),
                booked_at=booked if c.chance(0.95) else None,
                scheduled_for=planned,
                occurred_at=planned if status == "completed" else None,
                status=status,
                rescheduled_from_activity_id=earlier,
            )
            earlier = row["activity_id"]
            booked = max(c.after(booked, 15), booked + timedelta(seconds=1))
