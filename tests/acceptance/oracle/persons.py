"""Persons: every lead and contact record, merged ones too, belongs to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from .identity import contact_persons, phone_key
from .leads import lead_persons
from .world import Row, World


def email_key(row: Row) -> str | None:
    """Case does not matter in an address."""
    return (row.get("email") or "").strip().lower() or None


def row_phone(row: Row) -> str | None:
    return phone_key(row.get("phone"))


class Persons:
    """The person of each contact and lead."""

    def __init__(self, world: World) -> None:
        self.contact_survivors = contact_persons(world.current["contacts"])
        self.lead_survivors = lead_persons(world)
        self.contacts = {row["contact_id"]: row for row in world.current["contacts"]}
        self.lead_rows = {row["lead_id"]: row for row in world.current["leads"]}
        persons = self._persons_of_leads(world)
        self._lead = {lead: persons[owner] for lead, owner in self.lead_survivors.items()}

    def of_contact(self, contact_id: str | None) -> str | None:
        if contact_id is None or contact_id not in self.contact_survivors:
            return None
        return f"contact/{self.contact_survivors[contact_id]}"

    def of_lead(self, lead_id: str | None) -> str | None:
        return self._lead.get(lead_id or "")

    def of_activity(self, row: Row) -> str | None:
        """That of the contact, where there is one, else that of the lead."""
        if row["contact_id"] is not None:
            return self.of_contact(row["contact_id"])
        return self.of_lead(row["lead_id"])

    def _persons_of_leads(self, world: World) -> dict[str, str]:
        """A surviving lead is its contact, else one of the same address or number.

        Leads that know no contact are one person by the same two rules; the earliest created gives
        the name.
        """
        created: dict[str, datetime] = {}
        for lead_id, survivor in self.lead_survivors.items():
            at = self.lead_rows[lead_id]["created_at"]
            created[survivor] = min(at, created.get(survivor, at))
        by_mail = self._contacts_by(world, email_key)
        by_phone = self._contacts_by(world, row_phone)
        persons: dict[str, str] = {}
        alone: dict[str, str] = {}
        for lead_id in created:
            row = self.lead_rows[lead_id]
            contact = row["contact_id"] if row["contact_id"] in self.contacts else None
            contact = contact or by_mail.get(email_key(row) or "")
            contact = contact or by_phone.get(row_phone(row) or "")
            person = self.of_contact(contact)
            if person:
                persons[lead_id] = person
            else:
                alone[lead_id] = lead_id
        for key in (email_key, row_phone):
            groups: dict[str, list[str]] = defaultdict(list)
            for lead_id in {lead for lead, owner in alone.items() if lead == owner}:
                if value := key(self.lead_rows[lead_id]):
                    groups[value].append(lead_id)
            for group in groups.values():
                first = min(group, key=lambda lead: (created[lead], lead))
                for lead_id, owner in alone.items():
                    if owner in group:
                        alone[lead_id] = first
        return persons | {lead: f"lead/{owner}" for lead, owner in alone.items()}

    def _contacts_by(self, world: World, key: Callable[[Row], str | None]) -> dict[str, str]:
        """The contact created first of those that share a value and were not deleted."""
        found: dict[str, str] = {}
        for row in sorted(
            world.alive("contacts"), key=lambda row: (row["created_at"], row["contact_id"])
        ):
            if value := key(row):
                found.setdefault(value, row["contact_id"])
        return found
