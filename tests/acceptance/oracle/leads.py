"""Leads: merge groups, the stages they entered, and the customer each one is credited with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from .identity import chain_survivors
from .world import World

if TYPE_CHECKING:
    from .deals import Deal

RANK = {"lead": 0, "mql": 1, "sql": 2, "opportunity": 3, "customer": 4, "disqualified": 5}


@dataclass
class Lead:
    """A surviving lead with everything its merge group knows."""

    lead_id: str
    account_id: str | None
    contact_id: str | None
    owner: str | None
    created_at: datetime
    channel: str | None
    motion: str | None
    campaign: str | None
    is_counted: bool
    member_ids: set[str]
    converted_into: set[str]
    #: what happened to it by as_of: (moment, stage)
    entries: list[tuple[datetime, str]] = field(default_factory=list)
    opportunity_at: datetime | None = None
    customer_at: datetime | None = None

    def first_entry(self, stage: str) -> datetime | None:
        """G11: the first entry counts."""
        return min((at for at, name in self.entries if name == stage), default=None)

    def reached(self, stage: str) -> datetime | None:
        """A skipped stage counts as reached with the next one that was entered.

        An opportunity or a customer is made by a deal alone; a label that says so proves only that
        the lead got beyond the stages before.
        """
        if stage == "customer":
            return self.customer_at
        if stage == "opportunity":
            return self.opportunity_at or self.customer_at
        own = self.first_entry(stage)
        if own is None and stage == "mql":
            return self.reached("sql")
        if own is None:
            beyond = (self.first_entry("opportunity"), self.first_entry("customer"))
            return min((at for at in beyond if at), default=None)
        return own

    @property
    def is_disqualified(self) -> bool:
        """Its last entry is a disqualification, which wins against one of the same instant."""
        return (
            bool(self.entries)
            and max(self.entries, key=lambda entry: (entry[0], RANK[entry[1]]))[1] == "disqualified"
        )

    @property
    def is_open(self) -> bool:
        return not self.is_disqualified and self.customer_at is None

    def stages_at(self, by: list[tuple[datetime, str]]) -> tuple[str, str]:
        """Furthest and current stage, given the entries by then."""
        if not by:
            return "lead", "lead"
        latest = max(by, key=lambda entry: (entry[0], RANK[entry[1]]))[1]
        if latest == "disqualified":
            return latest, latest
        furthest = max((name for _, name in by if name != "disqualified"), key=RANK.__getitem__)
        return furthest, latest


def lead_groups(world: World) -> dict[str, Lead]:
    """One lead for each merge group.

    Creation, channel, campaign and motion are those of its earliest record (ties: lowest id),
    owner, account and contact those of the survivor.
    """
    rows = world.current["leads"]
    survivors = lead_persons(world)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[survivors[row["lead_id"]]].append(row)
    leads = {}
    for lead_id, members in groups.items():
        survivor = next(row for row in members if row["lead_id"] == lead_id)
        if survivor.get("_deleted"):
            continue
        first = min(members, key=lambda row: (row["created_at"], row["lead_id"]))
        leads[lead_id] = Lead(
            lead_id=lead_id,
            account_id=world.account_of(survivor["account_id"]),
            contact_id=survivor["contact_id"],
            owner=survivor["owner_rep_id"],
            created_at=first["created_at"],
            channel=first["source_channel"],
            motion=first["motion"],
            campaign=first["campaign_id"],
            is_counted=not world.is_test(survivor["account_id"])
            and world.has_happened(first["created_at"]),
            member_ids={row["lead_id"] for row in members},
            converted_into={
                row["converted_opportunity_id"]
                for row in members
                if row["converted_opportunity_id"]
            },
        )
    return leads


def lead_persons(world: World) -> dict[str, str]:
    """The survivor of every record, deleted or not: whom a touch was with."""
    return chain_survivors(world.current["leads"], "lead_id", "merged_into_lead_id")


def by_member(leads: dict[str, Lead]) -> dict[str, Lead]:
    """The surviving lead of every record."""
    return {member: lead for lead in leads.values() for member in lead.member_ids}


def by_deal(leads: dict[str, Lead]) -> dict[str, Lead]:
    """The earliest lead that says it was converted into a deal."""
    found: dict[str, Lead] = {}
    for lead in sorted(leads.values(), key=lambda lead: (lead.created_at, lead.lead_id)):
        for deal_id in lead.converted_into:
            found.setdefault(deal_id, lead)
    return found


def add_entries(world: World, leads: dict[str, Lead], deals: Iterable[Deal]) -> None:
    """Stages come from the history of the whole group, from deals and from disqualification."""
    members = by_member(leads)
    for row in world.alive("lead_stage_history"):
        lead = members.get(row["lead_id"])
        if lead and world.has_happened(row["entered_at"]):
            lead.entries.append((row["entered_at"], row["stage"]))
    for row in world.current["leads"]:
        lead = members.get(row["lead_id"])
        if lead and world.has_happened(row["disqualified_at"]):
            lead.entries.append((row["disqualified_at"], "disqualified"))
    for deal in deals:
        proving = {lead.lead_id for lead in leads.values() if deal.deal_id in lead.converted_into}
        if deal.lead_id in members:
            proving.add(members[deal.lead_id].lead_id)
        for lead_id in proving:
            lead = leads[lead_id]
            lead.entries.append((deal.created_at, "opportunity"))
            lead.opportunity_at = min(deal.created_at, lead.opportunity_at or deal.created_at)


def first_wins(deals: Iterable[Deal]) -> dict[str, Deal]:
    """The first won non-renewal deal of each account."""
    wins: dict[str, Deal] = {}
    for deal in sorted(deals, key=lambda deal: (deal.closed_at or deal.created_at, deal.deal_id)):
        if deal.is_won and not deal.is_renewal:
            wins.setdefault(deal.account_id, deal)
    return wins


def credit_customers(leads: dict[str, Lead], wins: dict[str, Deal]) -> None:
    """The first win is credited to one lead; a lead credited with two accounts counts at the first.

    The deal's lead, else a lead converted into it, else the account's earliest lead created no
    later than the close.
    """
    counted = {lead_id: lead for lead_id, lead in leads.items() if lead.is_counted}
    members, converted = by_member(counted), by_deal(counted)
    for account_id, deal in wins.items():
        assert deal.closed_at is not None
        lead = members.get(deal.lead_id or "") or converted.get(deal.deal_id)
        if lead is None:
            lead = min(
                (
                    lead
                    for lead in counted.values()
                    if lead.account_id == account_id and lead.created_at <= deal.closed_at
                ),
                key=lambda lead: (lead.created_at, lead.lead_id),
                default=None,
            )
        if lead and (lead.customer_at is None or deal.closed_at < lead.customer_at):
            lead.customer_at = deal.closed_at
    for lead in leads.values():
        if lead.customer_at:
            lead.entries.append((lead.customer_at, "customer"))


def lifecycle(world: World, lead: Lead) -> list[tuple[date, str, str]]:
    """Days from which on a lead has a furthest and a current stage."""
    entries = [*lead.entries, (lead.created_at, "lead")]
    born = world.business_date(lead.created_at)
    days = sorted({max(born, world.business_date(at)) for at, _ in entries})
    states = []
    for day in days:
        by = [entry for entry in entries if world.business_date(entry[0]) <= day]
        states.append((day, *lead.stages_at(by)))
    return states
