"""Records to cells, as DECISIONS.md shapes numbers: every period, every member, one at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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

#: grains that are no shorter than a month
MONTH_GRAINS = ("month", "quarter", "year")
#: grains that a target may be given for
TARGET_GRAINS = ("week", "month", "quarter", "year")


@dataclass(frozen=True)
class Reading:
    """A variant of a KPI: what its periods hold, when they are final, and how they are a value."""

    basis: str = "event"
    months: int = 0
    days: int = 0
    #: sum, rate, ratio, score, average or difference; without one that of the KPI
    kind: str | None = None
    #: a thing counts once in a period and member
    distinct: bool = False
    #: dimensions whose members are shares of the company
    of_total: tuple[str, ...] = ()
    #: fewer than this are no number, and if they could be traced to a person not even a count
    min_sample: int = 0
    is_anonymous: bool = False
    #: nothing is a share of a loss
    positive_only: bool = False


@dataclass
class Record:
    """One thing that counts. A stock lies in `[day, left)`; a quota in the period it was given.

    Records of one key are one thing to a distinct reading.
    """

    day: date
    numerator: Number | None
    members: Mapping[str, str | None]
    denominator: Number | None = 1
    variant: str = "headline"
    left: date | None = None
    grain: str | None = None
    key: str | None = None


@dataclass
class Frame:
    """What every roll-up needs to know."""

    as_of: date
    grains: list[str]
    week_start: int = 1
    #: members of some dimensions with the half-open days on which they were active
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


def value_of(kind: str, numerator: Number | None, denominator: Number | None) -> float | None:
    """What a cell says: the sum, one side over the other, or the difference of both."""
    if kind == "sum":
        return None if numerator is None else float(numerator)
    if kind == "difference":
        if numerator is None or denominator is None:
            return None
        return float(numerator) - float(denominator)
    share = ratio(numerator, denominator)
    return None if share is None else share * 100 if kind == "score" else share


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
    """A cell with its flags: complete, and matured once the time to get there has passed.

    Too few records are no number.
    """
    end = period_end(key.period_start, key.period_grain)
    known = frame.as_of + ONE_DAY
    ripe = add_months(end, reading.months) + timedelta(days=reading.days)
    too_few = size < reading.min_sample
    if too_few or (reading.positive_only and (denominator is None or denominator <= 0)):
        value = None
    return Cell(
        None if too_few and reading.is_anonymous else numerator,
        denominator,
        value,
        size,
        None if values is None or too_few else percentile(values, 0.5),
        None if values is None or too_few else percentile(values, 0.9),
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


def roll_up(
    frame: Frame,
    kpi_id: str,
    kind: str,
    dimensions: list[str],
    readings: Mapping[str, Reading],
    records: Iterable[Record],
    grains: Iterable[str] | None = None,
) -> Cells:
    """A KPI whose readings may be of different kinds: flows, stocks, and periods taken one by one.

    A record with a grain counts in the period it was given, whatever the basis of its reading.
    """
    frame = replace(frame, grains=[g for g in frame.grains if grains is None or g in grains])
    records = list(records)
    stocks = {name: reading for name, reading in readings.items() if reading.basis == "snapshot"}
    kept = [r for r in records if r.variant in stocks and r.grain is None]
    flows = [r for r in records if r.variant not in stocks or r.grain is not None]
    cells = flow(frame, kpi_id, kind, dimensions, readings, flows)
    for variant, reading in stocks.items():
        own = [record for record in kept if record.variant == variant]
        cells |= stock(frame, kpi_id, kind, dimensions, own, variant, reading)
    return cells


def flow(
    frame: Frame,
    kpi_id: str,
    kind: str,
    dimensions: list[str],
    readings: Mapping[str, Reading],
    records: Iterable[Record],
) -> Cells:
    """Events and cohorts: what happened, or entered, in each period up to as_of."""
    kinds = {variant: reading.kind or kind for variant, reading in readings.items()}
    sums: dict[tuple[Any, ...], _Sum] = defaultdict(_Sum)
    once: dict[tuple[Any, ...], dict[str, list[Number | None]]] = defaultdict(dict)
    records = [r for r in records if r.grain or r.day <= frame.as_of]
    for record in records:
        cuts = _cuts(record, dimensions)
        for grain in [record.grain] if record.grain else frame.grains:
            if grain not in frame.grains:
                continue
            start = frame.start(record.day, grain)
            for cut in cuts:
                place = (record.variant, grain, start, *cut)
                if readings[record.variant].distinct:
                    assert record.key is not None
                    known = once[place].setdefault(record.key, [None, None])
                    known[0] = _largest(known[0], record.numerator)
                    known[1] = _largest(known[1], record.denominator)
                else:
                    sums[place].add(record.numerator, record.denominator)
    for place, things in once.items():
        for above, below in things.values():
            if kinds[place[0]] == "rate" and above is not None:
                above = min(above, below or 0)
            sums[place].add(above, below)
    sum_readings = {v for v, r in readings.items() if kinds[v] == "sum" and r.basis != "snapshot"}
    _add_zeros(frame, sums, dimensions, sum_readings, records)
    cells: Cells = {}
    for (variant, grain, start, dimension, member), total in sums.items():
        reading, own = readings[variant], kinds[variant]
        whole = total
        if dimension in reading.of_total:
            whole = sums[variant, grain, start, "all", "all"]
        key = Key(kpi_id, variant, reading.basis, grain, start, dimension, member)
        below = None if own == "sum" else whole.denominator
        cells[key] = finish(
            frame,
            key,
            reading,
            total.numerator,
            below,
            whole.size,
            value_of(own, total.numerator, below),
            total.values if own == "average" else None,
        )
    return cells


def _largest(known: Number | None, new: Number | None) -> Number | None:
    return new if known is None or (new is not None and new > known) else known


def _add_zeros(
    frame: Frame,
    sums: dict[tuple[Any, ...], _Sum],
    dimensions: list[str],
    variants: set[str],
    records: list[Record],
) -> None:
    """Zero rows of sums: the company since the first record, some members while they were active.

    What is counted period by period has none of its own, nor has a reading without a record.
    """
    summed = [r for r in records if r.variant in variants and r.grain is None]
    if not summed:
        return
    first = min(record.day for record in summed)
    variants = {record.variant for record in summed}
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
    frame: Frame,
    kpi_id: str,
    kind: str,
    dimensions: list[str],
    records: Iterable[Record],
    variant: str = "headline",
    reading: Reading | None = None,
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
    reading = reading or Reading("snapshot")
    kind = reading.kind or kind
    for (dimension, member), by_day in changes.items():
        level: list[Number] = [0, 0, 0]
        for day in days_from(min(by_day), frame.as_of):
            if day in by_day:
                level = [a + b for a, b in zip(level, by_day[day], strict=True)]  # type: ignore
            for grain in frame.grains:
                start = frame.start(day, grain)
                if day < frame.as_of and day + ONE_DAY < period_end(start, grain):
                    continue
                key = Key(kpi_id, variant, "snapshot", grain, start, dimension, member)
                numerator, denominator, size = level
                below = None if kind == "sum" else denominator
                value = value_of(kind, numerator, below)
                cells[key] = finish(frame, key, reading, numerator, below, int(size), value)
    return cells
