"""Who is who (convention G10): merge chains, and contacts that are one person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]


def chain_survivors(rows: Iterable[Row], key: str, merged_into: str) -> dict[str, str]:
    """Follow `merged_into` to its end.

    Members of a cycle, and records merged into one that never arrived, survive as themselves.
    """
    parents = {row[key]: row.get(merged_into) for row in rows}

    def parent(record: str) -> str | None:
        target = parents[record]
        return target if target in parents else None

    def is_in_cycle(record: str) -> bool:
        step, seen = parent(record), set()
        while step is not None and step not in seen:
            if step == record:
                return True
            seen.add(step)
            step = parent(step)
        return False

    survivors = {}
    for record in parents:
        survivor = record
        while not is_in_cycle(survivor):
            target = parent(survivor)
            if target is None:
                break
            survivor = target
        survivors[record] = survivor
    return survivors


def contact_persons(contacts: list[Row]) -> dict[str, str]:
    """Contacts that are one person: by merge chain, then same e-mail, then same phone.

    The earliest created survives; a deleted contact is nobody's twin.
    """
    persons = chain_survivors(contacts, "contact_id", "merged_into_contact_id")
    by_id = {row["contact_id"]: row for row in contacts}

    def unite(value_of: Any) -> None:
        groups: dict[str, list[str]] = {}
        for person in set(persons.values()):
            if not by_id[person].get("_deleted") and (value := value_of(by_id[person])):
                groups.setdefault(value, []).append(person)
        for group in groups.values():
            first = min(group, key=lambda person: (by_id[person]["created_at"], person))
            for contact, person in persons.items():
                if person in group:
                    persons[contact] = first

    unite(lambda row: (row.get("email") or "").strip().lower())
    unite(lambda row: phone_key(row.get("phone")))
    return persons


def phone_key(phone: str | None) -> str | None:
    """The digits of a phone number, if there are enough of them to tell people apart."""
    digits = "".join(character for character in phone or "" if character.isdigit())
    return digits if len(digits) >= 8 else None
