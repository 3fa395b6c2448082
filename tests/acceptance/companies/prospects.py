"""Accounts, contacts and leads, and which of them are one and the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from .generator import Generator
from .people import zone_of
from .shapes import CHANNELS, LEAD_STAGES, SEGMENTS, VERTICALS


def accounts(c: Generator) -> None:
    """Accounts, some merged, some only tests."""
    ids = [f"a{number:03}" for number in range(c.shape.leads // 2)]
    for index, account_id in enumerate(ids):
        merged_into = c.merged(ids, index)
        row = {
            "account_id": account_id,
            "account_name": account_id,
            "merged_into_account_id": merged_into,
            "segment": c.pick(SEGMENTS),
            "vertical": c.pick(VERTICALS),
            "business_model": c.pick(["b2b", "b2c", None]),
            "account_manager_rep_id": c.pick([*c.reps, None]),
            "created_at": c.moment(),
            "is_test": c.chance(0.05),
        }
        c.put("accounts", row, _deleted=True if merged_into and c.chance(0.5) else None)
    c.account_ids = ids


def contacts(c: Generator) -> None:
    """Contacts that share an e-mail address or a phone number with others."""
    ids = [f"k{number:03}" for number in range(c.shape.leads)]
    for index, contact_id in enumerate(ids):
        merged_into = c.merged(ids, index)
        mail = c.pick(["Ann", "ann", "bo", "cy", contact_id]) + f"{index % 9}@x.com"
        phone = c.pick(["+1 555 0100", "+1 555 010 " + str(index % 7), "12-34", None])
        row = {
            "contact_id": contact_id,
            "account_id": c.an_account(),
            "email": mail if c.chance(0.5) else None,
            "phone": f"{phone}{index % 11}00" if phone and c.chance(0.7) else phone,
            "buyer_persona": c.pick(["buyer", "user", None]),
            "merged_into_contact_id": merged_into,
            "created_at": c.moment(),
        }
        c.put("contacts", row, _deleted=True if merged_into and c.chance(0.5) else None)
    c.contact_ids = ids


def leads(c: Generator) -> None:
    """Leads whose stages skip, go back, meet in one instant and end in disqualification."""
    ids = [f"l{number:03}" for number in range(c.shape.leads)]
    c.lead_ids = ids
    contacts = {row["contact_id"]: row for row in c.rows["contacts"]}
    for index, lead_id in enumerate(ids):
        created = c.moment()
        merged_into = c.merged(ids, index)
        contact_id = c.pick([*c.contact_ids, None])
        # The address of the contact, of somebody else, or the lead's own.
        known = contacts.get(contact_id if c.chance(0.5) else c.pick(c.contact_ids)) or {}
        email, phone = known.get("email"), known.get("phone")
        owner = c.pick([*c.reps, None])
        row = {
            "lead_id": lead_id,
            "merged_into_lead_id": merged_into,
            "contact_id": contact_id if c.chance(0.7) else None,
            "account_id": c.an_account() if c.chance(0.85) else None,
            "email": c.pick([email and email.upper(), email, f"{lead_id}@y.com", None]),
            "phone": c.pick([phone, phone and phone.replace(" ", "-"), None]),
            "owner_rep_id": owner,
            "source_channel": c.pick(CHANNELS),
            "motion": c.pick(["inbound", "outbound"]),
            "campaign_id": c.pick(["c1", "c1", "c2", "c3", "c_missing", *[None] * 4]),
            "created_at": created,
            "form_submitted_at": form_submitted(c, owner, created) if c.chance(0.5) else None,
            "disqualified_at": None,
            "converted_opportunity_id": None,
        }
        mql_at = stage_entries(c, lead_id, created)
        trigger = min(filter(None, [mql_at, row["form_submitted_at"]]), default=created)
        if c.chance(0.1):
            row["disqualified_at"] = c.after(created, 90)
        elif c.chance(0.08):
            row["disqualified_at"] = trigger + timedelta(hours=c.pick([0, 1, 23, 24, 25]))
        deleted = c.chance(0.5) if merged_into else c.chance(0.04)
        c.put("leads", row, _deleted=True if deleted else None)


def form_submitted(c: Generator, owner: str | None, created: datetime) -> datetime:
    """With the record, or when its owner's office opens, closes or changes its clocks."""
    if c.chance(0.2):
        return created
    first = created.date() - timedelta(days=c.pick([0, 0, 0, 5]))
    return c.office_moment(zone_of(c, owner), first, first + timedelta(days=c.pick([2, 10, 60])))


def stage_entries(c: Generator, lead_id: str, created: datetime) -> datetime | None:
    """The way through the stages; when the lead first became an MQL."""
    moment = created
    mql_at = None
    if c.chance(0.5):
        enter(c, lead_id, "lead", created)
    for stage in LEAD_STAGES[: c.rng.randint(0, 4)]:
        moment = c.after(moment, 60)
        if c.chance(0.75):
            enter(c, lead_id, stage, moment)
            mql_at = mql_at or (moment if stage == "mql" else None)
        if c.chance(0.12):
            moment = c.after(moment, 20)
            enter(c, lead_id, c.pick(["lead", "mql"]), moment)
        if c.chance(0.1):
            moment = c.after(moment, 20)
            enter(c, lead_id, "disqualified", moment)
    if c.chance(0.15):
        enter(c, lead_id, "disqualified", c.after(moment, 40))
    if c.chance(0.05):
        enter(c, lead_id, c.pick(["sql", "mql"]), moment)
    return mql_at


def enter(c: Generator, lead_id: str, stage: str, moment: datetime) -> None:
    row = {"lead_id": lead_id, "stage": stage, "entered_at": moment}
    c.put("lead_stage_history", row, _deleted=True if c.chance(0.02) else None)
