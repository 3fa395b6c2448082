"""Competitors of deals, and the proposals sent for them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from .deals import Deal
from .world import World

NO_COMPETITOR = "no competitor known"


def competitors_of(world: World, is_primary: bool = False) -> dict[str, list[str]]:
    """Competitors by deal; of several main ones the lowest id."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in world.alive("opportunity_competitors"):
        if row["is_primary"] or not is_primary:
            found[row["opportunity_id"]].append(row["competitor_id"])
    return {deal: [min(own)] if is_primary else own for deal, own in found.items()}


@dataclass
class Proposal:
    """A version of a proposal that was sent by as_of."""

    deal: Deal
    sender: str | None
    sent_at: datetime
    sent_on: date
    signed_on: date | None
    declined_on: date | None


def proposals_of(world: World, deals: dict[str, Deal]) -> dict[str, list[Proposal]]:
    """Versions by deal, the first one first."""

    def known_on(moment: datetime | None) -> date | None:
        return world.business_date(moment) if moment and world.has_happened(moment) else None

    found: dict[str, list[Proposal]] = defaultdict(list)
    for row in sorted(
        world.alive("proposals"),
        key=lambda row: (row["version_no"], row["sent_at"], row["proposal_id"]),
    ):
        deal = deals.get(row["opportunity_id"])
        if deal and world.has_happened(row["sent_at"]):
            found[deal.deal_id].append(
                Proposal(
                    deal,
                    row["sent_by_rep_id"],
                    row["sent_at"],
                    world.business_date(row["sent_at"]),
                    known_on(row["signed_at"]),
                    known_on(row["declined_at"]),
                )
            )
    return found
