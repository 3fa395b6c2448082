"""Pipeline stages: visits, what was reached and passed, and the open pipeline of any day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from .deals import Deal
from .world import DEFAULT_STAGES, World


@dataclass(frozen=True)
class Stage:
    """One stage of a pipeline."""

    pipeline: str
    stage_id: str
    order: int
    category: str
    expected_days: Decimal | int | None
    is_required: bool = True

    @property
    def member(self) -> str:
        """Two pipelines may use one stage id."""
        return f"{self.pipeline}/{self.stage_id}"

    @property
    def is_open(self) -> bool:
        return self.category == "open"


@dataclass(frozen=True)
class Entry:
    """A deal came into a stage."""

    at: datetime
    stage: Stage
    amount: Decimal | None


@dataclass(frozen=True)
class Visit:
    """A stay in an open stage, `[entered, left)`; it may last."""

    stage: Stage
    entered: datetime
    left: datetime | None


@dataclass
class Reach:
    """A stage that a deal reached, and whether it passed on."""

    stage: Stage
    reached: datetime
    passed: datetime | None
    is_furthest: bool


@dataclass
class Journey:
    """A deal on its way through its pipeline."""

    deal: Deal
    entries: list[Entry] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)


def load_stages(world: World) -> dict[str, dict[str, Stage]]:
    """Stages by pipeline; the default pipeline is there for sources without a stage table."""
    stages: dict[str, dict[str, Stage]] = defaultdict(dict)
    for name, order, category, days in DEFAULT_STAGES:
        is_required = name != "negotiation"
        stages["standard"][name] = Stage("standard", name, order, category, days, is_required)
    for row in world.alive("pipeline_stages"):
        stages[row["pipeline_id"]][row["stage_id"]] = Stage(
            row["pipeline_id"],
            row["stage_id"],
            row["stage_order"],
            row["stage_category"],
            row["expected_days"],
            bool(row["is_required"]),
        )
    return stages


def build_journeys(world: World, deals: list[Deal]) -> dict[str, Journey]:
    """The way of every deal; entries after the last close or after as_of are ignored."""
    stages = load_stages(world)
    journeys = {deal.deal_id: Journey(deal) for deal in deals}
    for row in world.alive("opportunity_stage_history"):
        journey = journeys.get(row["opportunity_id"])
        if journey is None or not world.has_happened(row["entered_at"]):
            continue
        closed_at = journey.deal.closed_at
        stage = stages.get(journey.deal.pipeline, {}).get(row["stage_id"])
        if stage and (closed_at is None or row["entered_at"] <= closed_at):
            journey.entries.append(Entry(row["entered_at"], stage, row["amount_at_entry"]))
    for journey in journeys.values():
        journey.entries.sort(key=lambda entry: (entry.at, entry.stage.order))
        journey.visits = _visits(journey)
        journey.reaches = _reaches(journey, stages.get(journey.deal.pipeline, {}))
    return journeys


def _visits(journey: Journey) -> list[Visit]:
    ends = [entry.at for entry in journey.entries[1:]] + [journey.deal.closed_at]
    return [
        Visit(entry.stage, entry.at, end)
        for entry, end in zip(journey.entries, ends, strict=False)
        if entry.stage.is_open
    ]


def _reaches(journey: Journey, stages: dict[str, Stage]) -> list[Reach]:
    """G11: reached on its own first entry, else on the first into a later one, else at the win."""
    deal = journey.deal
    won_at = deal.closed_at if deal.is_won else None
    reaches = []
    for stage in sorted(stages.values(), key=lambda stage: stage.order):
        if not stage.is_open:
            continue
        own = [e.at for e in journey.entries if e.stage == stage]
        later = [e.at for e in journey.entries if e.stage.is_open and e.stage.order > stage.order]
        reached = min(own) if own else min(later) if later else won_at
        if reached:
            passed = min(later) if later else won_at
            reaches.append(Reach(stage, reached, passed, not later))
    return reaches


@dataclass(frozen=True)
class OpenState:
    """What a deal was from one day to another, while it was open at the end of each."""

    since: date
    until: date | None
    stage: str
    value: Decimal | None
    team_id: str | None
    territory_id: str | None
    #: the visit it is in; none where a last entry says that it was closed
    entry: Entry | None


def open_states(world: World, journey: Journey) -> list[OpenState]:
    """The deal as known on each day, from its own history and never from today's row.

    The amount of a day is that of the latest entry by then (one without an amount keeps the one
    before; before any, the first known). The row's amount holds from its `updated_at`, if the deal
    is open; without any history always.
    """
    deal = journey.deal
    days = {deal.created_on}
    days |= {world.business_date(entry.at) for entry in journey.entries}
    days |= set(world.team_changes(deal.owner))
    known_from = None
    if not deal.closed_at and deal.updated_at and world.has_happened(deal.updated_at):
        known_from = deal.updated_at
        days.add(world.business_date(known_from))
    last = deal.closed_on
    turns = sorted(
        day for day in days if deal.created_on <= day <= world.as_of and (not last or day < last)
    )
    entries = journey.entries
    if deal.closed_at is None and entries and not entries[-1].stage.is_open:
        # The row says that it is open: a last entry that says otherwise is not the last word.
        entries = entries[:-1]
    states: list[OpenState] = []
    is_known = deal.closed_at is None and not entries
    before = f"{deal.pipeline}/{deal.stage if is_known else 'unknown'}"
    if not turns:
        return states
    for turn, until in zip(turns, [*turns[1:], last], strict=True):
        known = [e for e in journey.entries if world.business_date(e.at) <= turn]
        by = known[: len(entries)]
        if by and not by[-1].stage.is_open:
            continue
        amount = _amount(world, deal, entries, by, known_from, turn)
        team = world.team(deal.owner, turn)
        stage = by[-1].stage.member if by else before
        since = by[-1].at if by else deal.created_at
        if known_from and known_from >= since and world.business_date(known_from) <= turn:
            # The row was updated after the last entry: its stage is what was known from then on.
            stage = f"{deal.pipeline}/{deal.stage}"
        states.append(
            OpenState(
                turn,
                until,
                stage,
                world.rates.convert(amount, deal.currency, deal.rate_date),
                team.team_id,
                team.territory_id,
                known[-1] if by and known == by else None,
            )
        )
    return states


def _amount(
    world: World,
    deal: Deal,
    entries: list[Entry],
    by: list[Entry],
    known_from: datetime | None,
    day: date,
) -> Decimal | None:
    if not entries:
        return deal.amount
    amounts = [(entry.at, entry.amount) for entry in by if entry.amount is not None]
    if known_from and deal.amount is not None and world.business_date(known_from) <= day:
        amounts.append((known_from, deal.amount))
    if amounts:
        return sorted(amounts, key=lambda pair: pair[0])[-1][1]
    return next((entry.amount for entry in entries if entry.amount is not None), None)
