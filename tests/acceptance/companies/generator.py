"""What every step draws from and writes to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from .shapes import Shape

Row = dict[str, Any]
T = TypeVar("T")

#: days on which the clocks of some zone change
CLOCK_CHANGES = [
    date(2022, 9, 21), date(2022, 9, 22), date(2022, 10, 30), date(2022, 11, 6),
    date(2023, 3, 12), date(2023, 3, 26), date(2023, 10, 29), date(2023, 11, 5),
    date(2024, 3, 10), date(2024, 3, 31), date(2024, 10, 27), date(2024, 11, 3),
    date(2025, 3, 9), date(2025, 3, 30),
]  # fmt: skip
#: local times at which windows open, close, break off, or do not exist
OFFICE_TIMES = [
    time(0), time(2, 30), time(7, 59, 59), time(8), time(9), time(9, 30), time(10), time(11, 59),
    time(12), time(12, 0, 1), time(15, 30), time(16), time(16, 30), time(16, 59, 59), time(17),
    time(17, 0, 1), time(18), time(23, 59, 59),
]  # fmt: skip


@dataclass
class Generator:
    """Writes the rows of one company."""

    shape: Shape
    rows: dict[str, list[Row]] = field(default_factory=dict)
    reps: list[str] = field(default_factory=list)
    account_ids: list[str] = field(default_factory=list)
    contact_ids: list[str] = field(default_factory=list)
    lead_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.shape.seed)
        shape = self.shape
        days = (shape.as_of - shape.start).days + 20
        self.span = [shape.start + timedelta(days=n) for n in range(days)]
        self.borders = [day for day in self.span if day.day == 1 or day.isoweekday() in (1, 6)] + [
            day for day in self.span if (day.month, day.day) in ((1, 1), (4, 1), (2, 29), (3, 1))
        ] * 4
        self.months = [day for day in self.span if day.day == 1]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, choices: Sequence[T]) -> T:
        return self.rng.choice(choices)

    def day(self, first: date | None = None, last: date | None = None) -> date:
        """A day of the company's life and a little beyond; often next to a border."""
        first = first or self.shape.start
        last = last or self.shape.as_of + timedelta(days=15)
        if last <= first:
            return first
        if self.chance(0.45):
            near = [day for day in self.borders if first <= day <= last]
            if near:
                return min(max(self.pick(near) - timedelta(days=self.pick([0, 0, 1])), first), last)
        return first + timedelta(days=self.rng.randrange((last - first).days + 1))

    def moment(self, first: date | None = None, last: date | None = None) -> datetime:
        """A moment of such a day; often so late or early that its date depends on the zone."""
        hour = self.pick([0, 0, 1, 3, 9, 12, 16, 17, 19, 20, 23, 23])
        minute = self.pick([0, 0, 15, 29, 30, 31, 59])
        second = self.pick([0, 0, 1, 59])
        return datetime.combine(self.day(first, last), time(hour, minute, second), UTC)

    def after(self, moment: datetime, most_days: int = 120) -> datetime:
        """A later moment, sometimes the same, sometimes exactly some days on."""
        if self.chance(0.05):
            return moment
        if self.chance(0.1):
            return moment + timedelta(days=self.pick([1, 7, 14, 30, 90, 91]))
        last = moment.date() + timedelta(days=self.rng.randint(1, most_days))
        return max(moment, self.moment(moment.date(), last))

    def amount(self, low: int = 50, high: int = 9000) -> Decimal:
        return Decimal(self.rng.randint(low * 100, high * 100)) / 100

    def put(self, entity: str, row: Row, **more: Any) -> Row:
        """A row with its optional columns."""
        row = {**row, "updated_at": None, "_deleted": None, **more}
        self.rows.setdefault(entity, []).append(row)
        return row

    def ids(self, entity: str, column: str) -> list[str]:
        return [row[column] for row in self.rows.get(entity, [])]

    def office_moment(self, zone: str, first: date, last: date) -> datetime:
        """A moment at which a working day of a zone begins, ends or breaks off."""
        first, last = min(first, last), max(first, last)
        changes = [day for day in CLOCK_CHANGES if first <= day <= last]
        day = self.pick(changes) if changes and self.chance(0.25) else self.day(first, last)
        local = datetime.combine(day, self.pick(OFFICE_TIMES), ZoneInfo(zone))
        return local.astimezone(UTC)

    def gone(self, share: float = 0.02) -> bool | None:
        """Whether a row is marked as deleted; most files leave the mark empty."""
        return True if self.chance(share) else None

    def a_currency(self) -> str:
        return self.pick([self.shape.currency] * 4 + ["EUR", "VND", "AED", "USD"])

    def an_account(self) -> str:
        return self.pick(self.account_ids)

    def merged(self, ids: list[str], index: int) -> str | None:
        """What a record was merged into: chains, cycles, itself, records that never arrived."""
        if self.chance(0.86):
            return None
        return self.pick([*ids[max(0, index - 4) : index + 5], f"missing_{index}"])
