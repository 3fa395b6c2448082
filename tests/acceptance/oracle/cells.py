"""Records to cells, as DECISIONS.md shapes numbers: every period, every member, one at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from .periods import ONE_DAY, add_months, days_from, period_end, period_start

Number = int | float | Decimal


class Key(NamedTuple):
    """What a cell is unique on."""

    kpi_id: str
    variant: str
    time_basis: str
    period_grain: str
    period_start: date
    dimension: str
    dimension_value: str


class Cell(NamedTuple):
    """One number with what it is made of."""

    numerator: Number | None
    denominator: Number | None
    kpi_value: float | None
    sample_size: int
    p50: float | None
    p90: float | None
    is_complete_period: bool
    is_matured: bool


Cells = dict[Key, Cell]


@dataclass(frozen=True)
class Reading:
    """A variant of a KPI: what its periods hold, and when they are final."""

    basis: str = "event"
    months: int = 0
    days: int = 0


@dataclass
class Record:
    """One thing that counts. A stock lies in `[day, left)`; a quota in the period it was given."""

    day: date
    numerator: Number | None
    members: Mapping[str, str | None]
    denominator: Number | None = 1
    variant: str = "headline"
    left: date | None = None
    grain: str | None = None


@dataclass
class Frame:
    """What every roll-up needs to know."""

    as_of: date
    grains: list[str]
    week_start: int = 1
    #: members of the dimensions rep and location with the half-open days on which they were active
    active: dict[str, list[tuple[str, date | None, date | None]]] = field(default_factory=dict)

    def start(self, day: date, grain: str) -> date:
        return period_start(day, grain, self.week_start)


def percentile(values: list[float], share: float) -> float | None:
    """Linear interpolation between the closest ranks (percentile_cont)."""
    if not values:
        return None
    values = sorted(values)
    rank = share * (len(values) - 1)
    low = int(rank)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (rank - low)


def ratio(numerator: Number | None, denominator: Number | None) -> float | None:
    """G1: nothing below the line is no number."""
    if numerator is None or not denominator:
        return None
    return float(numerator) / float(denominator)


def finish(
    frame: Frame,
    key: Key,
    reading: Reading,
    numerator: Number | None,
    denominator: Number | None,
    size: int,
    value: float | None,
    values: list[float] | None = None,
) -> Cell:
    """A cell with its flags: complete, and matured once the time to get there has passed."""
    end = period_end(key.period_start, key.period_grain)
    known = frame.as_of + ONE_DAY
    ripe = add_months(end, reading.months) + timedelta(days=reading.days)
    return Cell(
        numerator,
        denominator,
        value,
        size,
        percentile(values, 0.5) if values is not None else None,
        percentile(values, 0.9) if values is not None else None,
        end <= known,
        ripe <= known,
    )


class _Sum:
    """A running cell."""

    __slots__ = ("denominator", "numerator", "size", "values")

    def __init__(self) -> None:
        self.numerator: Number | None = None
        self.denominator: Number | None = None
        self.size = 0
        self.values: list[float] = []

    def add(self, numerator: Number | None, denominator: Number | None) -> None:
        if numerator is not None:
            self.numerator = numerator + (self.numerator or 0)  # type: ignore[operator]
        if denominator is not None:
            self.denominator = denominator + (self.denominator or 0)  # type: ignore[operator]
        if denominator:
            self.size += 1
            if numerator is not None:
                self.values.append(float(numerator))


def _cuts(record: Record, dimensions: Iterable[str]) -> list[tuple[str, str]]:
    """The company, and the record's member of each dimension; a missing one is `unassigned`."""
    return [("all", "all")] + [
        (name, "unassigned" if (member := record.members.get(name)) is None else str(member))
        for name in dimensions
    ]


def flow(
    frame: Frame,
    kpi_id: str,
    kind: str,
    dimensions: list[str],
    readings: Mapping[str, Reading],
    records: Iterable[Record],
) -> Cells:
    """Events and cohorts: what happened, or entered, in each period up to as_of."""
    sums: dict[tuple[Any, ...], _Sum] = defaultdict(_Sum)
    records = [r for r in records if r.grain or r.day <= frame.as_of]
    for record in records:
        cuts = _cuts(record, dimensions)
        for grain in [record.grain] if record.grain else frame.grains:
            if grain not in frame.grains:
                continue
            start = frame.start(record.day, grain)
            for cut in cuts:
                sums[record.variant, grain, start, *cut].add(record.numerator, record.denominator)
    if kind == "sum" and records:
        _add_zeros(frame, sums, dimensions, records)
    cells: Cells = {}
    for (variant, grain, start, dimension, member), total in sums.items():
        reading = readings[variant]
        key = Key(kpi_id, variant, reading.basis, grain, start, dimension, member)
        below = None if kind == "sum" else total.denominator
        value = total.numerator if kind == "sum" else ratio(total.numerator, below)
        cells[key] = finish(
            frame,
            key,
            reading,
            total.numerator,
            below,
            total.size,
            None if value is None else float(value),
            total.values if kind == "average" else None,
        )
    return cells


def _add_zeros(
    frame: Frame, sums: dict[tuple[Any, ...], _Sum], dimensions: list[str], records: list[Record]
) -> None:
    """Zero rows: the company since the first record, reps and locations while they were active."""
    first = min(record.day for record in records)
    variants = {record.variant for record in records}
    spans = [("all", "all", first, frame.as_of)]
    for dimension in dimensions:
        for member, since, until in frame.active.get(dimension, []):
            begin = max(first, since or first)
            last = min(frame.as_of, (until - ONE_DAY) if until else frame.as_of)
            spans.append((dimension, member, begin, last))
    for dimension, member, begin, last in spans:
        for grain in frame.grains:
            for start in {frame.start(day, grain) for day in days_from(begin, last)}:
                for variant in variants:
                    cell = sums[variant, grain, start, dimension, member]
                    cell.numerator = cell.numerator or 0


def stock(
    frame: Frame, kpi_id: str, kind: str, dimensions: list[str], records: Iterable[Record]
) -> Cells:
    """Snapshots: what is in stock at the end of each period's last day, or of as_of."""
    changes: dict[tuple[str, str], dict[date, list[Number]]] = defaultdict(
        lambda: defaultdict(lambda: [0, 0, 0])
    )
    for record in records:
        if record.day > frame.as_of or (record.left is not None and record.left <= record.day):
            continue
        measures = (
            record.numerator or 0,
            record.denominator or 0,
            1 if record.denominator else 0,
        )
        for cut in _cuts(record, dimensions):
            for day, sign in ((record.day, 1), (record.left, -1)):
                if day is not None and day <= frame.as_of:
                    change = changes[cut][day]
                    for index, measure in enumerate(measures):
                        change[index] += sign * measure  # type: ignore[operator]
    cells: Cells = {}
    reading = Reading("snapshot")
    for (dimension, member), by_day in changes.items():
        level: list[Number] = [0, 0, 0]
        open_periods: dict[str, tuple[date, list[Number]]] = {}
        for day in days_from(min(by_day), frame.as_of):
            if day in by_day:
                level = [a + b for a, b in zip(level, by_day[day], strict=True)]  # type: ignore
            for grain in frame.grains:
                start = frame.start(day, grain)
                if day < frame.as_of and day + ONE_DAY < period_end(start, grain):
                    continue
                open_periods[grain] = (start, level)
                key = Key(kpi_id, "headline", "snapshot", grain, start, dimension, member)
                numerator, denominator, size = level
                below = None if kind == "sum" else denominator
                value = float(numerator) if kind == "sum" else ratio(numerator, below)
                cells[key] = finish(frame, key, reading, numerator, below, int(size), value)
    return cells
