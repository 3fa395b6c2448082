"""Deals: how each ended as known on as_of, what it is worth, and how long it took."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .identity import contact_persons
from .leads import Lead, by_member, lead_persons
from .world import World, decimal_days

CONVERSATIONS = {"call", "video_meeting", "in_person_meeting", "demo"}


@dataclass
class Deal:
    """An opportunity of the company, as of one day."""

    deal_id: str
    account_id: str
    lead_id: str | None
    contact_id: str | None
    owner: str
    sourced_by: str | None
    kind: str
    pipeline: str
    stage: str
    amount: Decimal | None
    currency: str
    sales_play: str | None
    loss_reason: str | None
    created_at: datetime
    created_on: date
    closed_at: datetime | None
    closed_on: date | None
    updated_at: datetime | None
    is_won: bool
    is_lost: bool
    #: lost for a reason that says it never was a deal
    is_excluded: bool
    channel: str | None
    motion: str | None
    campaign: str | None
    segment: str | None
    vertical: str | None
    business_model: str | None
    #: in the reporting currency, at the close or, while open, at creation
    value: Decimal | None
    #: at creation, for the open pipeline
    rate_date: date
    lead: Lead | None = None
    cycle_start: datetime | None = None
    cycle_start_source: str | None = None

    @property
    def is_renewal(self) -> bool:
        return self.kind == "renewal"

    @property
    def is_decided(self) -> bool:
        return self.is_won or self.is_lost

    @property
    def is_open(self) -> bool:
        return not self.is_decided and not self.is_excluded

    @property
    def is_counted(self) -> bool:
        """G18: renewals are out, and so is what never was a deal."""
        return not self.is_renewal and not self.is_excluded

    @property
    def cycle_days(self) -> Decimal | None:
        """A negative cycle is null."""
        if self.closed_at is None or self.cycle_start is None:
            return None
        days = decimal_days(self.cycle_start, self.closed_at)
        return days if days >= 0 else None


def build_deals(world: World, leads: dict[str, Lead]) -> list[Deal]:
    """Deals that were created by as_of, without deleted ones and those of test accounts.

    Outcome is the one known on as_of: a later close has not happened, and one without a date
    cannot be placed.
    """
    members = by_member({key: lead for key, lead in leads.items() if lead.is_counted})
    excluded = {reason.lower() for reason in world.options.excluded_loss_reasons}
    deals = []
    for row in world.alive("opportunities"):
        if world.is_test(row["account_id"]) or not world.has_happened(row["created_at"]):
            continue
        is_closed = row["outcome"] is not None and world.has_happened(row["closed_at"])
        lost = is_closed and row["outcome"] == "lost"
        is_excluded = lost and (row["loss_reason"] or "").strip().lower() in excluded
        closed_at = row["closed_at"] if is_closed else None
        closed_on = world.business_date(closed_at) if closed_at else None
        created_on = world.business_date(row["created_at"])
        lead = members.get(row["lead_id"] or "")
        account = world.account(row["account_id"])
        deals.append(
            Deal(
                deal_id=row["opportunity_id"],
                account_id=world.account_of(row["account_id"]) or "",
                lead_id=row["lead_id"],
                contact_id=row["primary_contact_id"],
                owner=row["owner_rep_id"],
                sourced_by=row["sourced_by_rep_id"],
                kind=row["opportunity_type"],
                pipeline=row["pipeline_id"],
                stage=row["stage_id"],
                amount=row["amount"],
                currency=row["currency"],
                sales_play=row["sales_play"],
                loss_reason=row["loss_reason"],
                created_at=row["created_at"],
                created_on=created_on,
                closed_at=closed_at,
                closed_on=closed_on,
                updated_at=row.get("updated_at"),
                is_won=is_closed and row["outcome"] == "won",
                is_lost=lost and not is_excluded,
                is_excluded=is_excluded,
                channel=row["source_channel"] or (lead.channel if lead else None),
                motion=row["motion"] or (lead.motion if lead else None),
                campaign=row["campaign_id"] or (lead.campaign if lead else None),
                segment=account.get("segment"),
                vertical=account.get("vertical"),
                business_model=account.get("business_model"),
                value=world.rates.convert(row["amount"], row["currency"], closed_on or created_on),
                rate_date=created_on,
                lead=lead,
            )
        )
    _find_first_contacts(world, deals)
    return deals


def _is_two_way(row: dict[str, Any]) -> bool:
    """Completed, by a person, and either theirs or a conversation."""
    return (
        row["status"] == "completed"
        and not row["is_automated"]
        and not row["is_auto_reply"]
        and (row["direction"] == "inbound" or row["activity_type"] in CONVERSATIONS)
    )


def _find_first_contacts(world: World, deals: list[Deal]) -> None:
    """Cycle start: first two-way contact, else the lead's creation, else the deal's.

    A contact counts if it is linked to the deal, or to its lead or main contact and to no deal at
    all; not later than the close, and later than the last close of another deal of the account that
    was closed by the time this one was created.
    """
    persons = contact_persons(world.current["contacts"])
    people = lead_persons(world)
    of_deal: dict[str, list[datetime]] = defaultdict(list)
    of_lead: dict[str, list[datetime]] = defaultdict(list)
    of_person: dict[str, list[datetime]] = defaultdict(list)
    for row in world.alive("activities"):
        at = row["occurred_at"]
        if not world.has_happened(at) or not _is_two_way(row):
            continue
        if row["opportunity_id"]:
            of_deal[row["opportunity_id"]].append(at)
            continue
        if lead_id := row["lead_id"]:
            of_lead[people.get(lead_id, lead_id)].append(at)
        if contact_id := row["contact_id"]:
            of_person[persons.get(contact_id, contact_id)].append(at)

    closes: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for deal in deals:
        if deal.closed_at:
            closes[deal.account_id].append((deal.deal_id, deal.closed_at))
    for deal in deals:
        after = max(
            (
                at
                for other, at in closes[deal.account_id]
                if other != deal.deal_id and at <= deal.created_at
            ),
            default=None,
        )
        moments = list(of_deal[deal.deal_id])
        if deal.lead_id:
            moments += of_lead[people.get(deal.lead_id, deal.lead_id)]
        if deal.contact_id:
            moments += of_person[persons.get(deal.contact_id, deal.contact_id)]
        first = min(
            (
                at
                for at in moments
                if (after is None or at > after)
                and (deal.closed_at is None or at <= deal.closed_at)
            ),
            default=None,
        )
        if first:
            deal.cycle_start, deal.cycle_start_source = first, "first_contact"
        elif deal.lead:
            deal.cycle_start, deal.cycle_start_source = deal.lead.created_at, "lead_created"
        else:
            deal.cycle_start, deal.cycle_start_source = deal.created_at, "opportunity_created"
