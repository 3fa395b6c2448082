"""Targets: what was aimed at in a period, and how it compares with what was done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .cells import TARGET_GRAINS, Cells, Key, Number, Reading, finish, ratio
from .company import Company
from .periods import ONE_DAY
from .world import Row, World

DIMENSION_OF_SCOPE = {
    "company": "all",
    "team": "team",
    "rep": "rep",
    "location": "location",
    "territory": "territory",
    "industry": "vertical",
}
PREFERENCE = {"goal": 0, "quota": 1, "benchmark": 2}


@dataclass
class Target:
    """A quota, benchmark or goal whose period has begun."""

    target_id: str
    parent: str | None
    kind: str
    measure: str
    value_type: str
    grain: str
    start: date
    end: date
    dimension: str
    member: str
    #: in the reporting currency at the first day of the period
    start_value: Decimal | None
    value: Decimal | None
    current: Decimal | None
    #: somebody gave a start or a current value, even if it has no rate
    has_start: bool
    weight: Decimal | None


def load_targets(world: World) -> list[Target]:
    """Every target that was not deleted and whose period began by as_of."""

    def money(row: Row, column: str) -> Decimal | None:
        amount: Decimal | None = row[column]
        if row["value_type"] == "currency":
            return world.rates.convert(amount, row["currency"], row["period_start"])
        return amount

    return [
        Target(
            target_id=row["target_id"],
            parent=row["parent_target_id"],
            kind=row["target_kind"],
            measure=row["measure_id"],
            value_type=row["value_type"],
            grain=row["period_type"],
            start=row["period_start"],
            end=row["period_end"],
            dimension=DIMENSION_OF_SCOPE[row["scope_type"]],
            member="all" if row["scope_type"] == "company" else row["scope_id"],
            start_value=money(row, "start_value"),
            value=money(row, "target_value"),
            current=money(row, "current_value"),
            has_start=row["start_value"] is not None,
            weight=row["weight"],
        )
        for row in world.alive("targets")
        if row["period_start"] <= world.as_of
    ]


def chosen_targets(world: World, kinds: tuple[str, ...], measures: set[str]) -> list[Target]:
    """Targets of some kinds and measures; a quota goes before a goal for the same thing."""
    chosen: dict[tuple[str, str, str, str, date], Target] = {}
    ranked = sorted(
        (t for t in load_targets(world) if t.kind in kinds and t.measure in measures),
        key=lambda t: (t.kind != "quota", t.target_id),
    )
    for target in ranked:
        place = (target.dimension, target.member, target.measure, target.grain, target.start)
        chosen.setdefault(place, target)
    return list(chosen.values())


def day_sums(cells: Cells) -> dict[tuple[str, str], dict[date, Number]]:
    """The headline of a measure by member and day."""
    found: dict[tuple[str, str], dict[date, Number]] = defaultdict(dict)
    for key, cell in cells.items():
        if (key.variant, key.period_grain) == ("headline", "day") and cell.numerator is not None:
            found[key.dimension, key.dimension_value][key.period_start] = cell.numerator
    return found


def sum_of_days(by_day: Mapping[date, Number], start: date, after: date) -> Decimal:
    """What was done in `[start, after)`."""
    return sum(
        (Decimal(value) for day, value in by_day.items() if start <= day < after), Decimal(0)
    )


def actual_against_target(
    company: Company, kpi_id: str, target: Target, actual: Number, variant: str, is_pace: bool
) -> Cells:
    """The cells of one target: its reading and, where asked for, the pace."""
    frame, reading = company.frame, Reading()
    if target.grain not in frame.grains or target.grain not in TARGET_GRAINS:
        return {}
    readings = {variant: target.value}
    if is_pace:
        name = "pace" if variant == "headline" else f"{variant}_pace"
        readings[name] = pace(company, target)
    cells: Cells = {}
    for name, aim in readings.items():
        key = Key(
            kpi_id, name, "event", target.grain, target.start, target.dimension, target.member
        )
        cells[key] = finish(frame, key, reading, actual, aim, 1, ratio(actual, aim))
    return cells


def pace(company: Company, target: Target) -> Decimal | None:
    """The part of a target that is due by as_of: by the share of its working days that passed."""
    if target.value is None:
        return None
    name, calendars = company.world.options.working_calendar, company.calendars
    today = min(company.world.as_of + ONE_DAY, target.end)
    passed = calendars.count(name, target.start, today)
    if not passed:
        return Decimal(0)
    return target.value * passed / calendars.count(name, target.start, target.end)


def months_of(first: date, last: date) -> list[tuple[date, date]]:
    """First day and the day after of every month from one day to another."""
    months = []
    start = first.replace(day=1)
    while start <= last:
        after = (start + timedelta(days=32)).replace(day=1)
        months.append((start, after))
        start = after
    return months
