"""Working days (convention G7): weekends and hours are data, the shipped ones and the company's."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from .periods import ONE_DAY
from .world import Row, World

SEEDS = Path(__file__).parents[3] / "seeds"


@cache
def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass
class Calendars:
    """Weekdays that are worked, and holidays, by calendar."""

    #: whether a weekday is worked; a calendar without any row is unknown
    weekdays: dict[str, dict[int, bool]]
    holidays: set[tuple[str, date]]

    def is_known(self, calendar: str | None) -> bool:
        return calendar in self.weekdays

    def is_working(self, calendar: str | None, day: date) -> bool:
        """A weekday without a row is none."""
        works = self.weekdays.get(calendar or "", {}).get(day.isoweekday(), False)
        return works and (calendar, day) not in self.holidays

    def count(self, calendar: str, first: date, after: date) -> int:
        """Working days in `[first, after)`."""
        days = (first + timedelta(days=n) for n in range((after - first).days))
        return sum(self.is_working(calendar, day) for day in days)


def load_calendars(world: World) -> Calendars:
    """A company's row replaces the shipped one of the same key; a deleted one takes it away."""
    weekdays: dict[str, dict[int, bool]] = {}
    for line in seed("default_business_calendars"):
        own = weekdays.setdefault(line["calendar_id"], {})
        own[int(line["weekday_iso"])] = line["is_working"] == "true"
    for row in world.current["business_calendars"]:
        own = weekdays.setdefault(row["calendar_id"], {})
        if row.get("_deleted"):
            own.pop(row["weekday_iso"], None)
        else:
            own[row["weekday_iso"]] = bool(row["is_working"])
    holidays = {
        (line["calendar_id"], date.fromisoformat(line["holiday_on"]))
        for line in seed("default_calendar_holidays")
    }
    for row in world.current["calendar_holidays"]:
        holiday = (row["calendar_id"], row["holiday_on"])
        if row.get("_deleted"):
            holidays.discard(holiday)
        else:
            holidays.add(holiday)
    return Calendars({name: days for name, days in weekdays.items() if days}, holidays)


def last_active_working_day(
    world: World, calendars: Calendars, rep: Row, start: date, end: date
) -> date | None:
    """The last day of `[start, end)` up to as_of on which a rep was employed and worked.

    A rep whose calendar is unknown works every day.
    """
    day = min(end - ONE_DAY, world.as_of)
    if rep["terminated_on"]:
        day = min(day, rep["terminated_on"] - ONE_DAY)
    first = max(start, rep["hired_on"])
    is_known = calendars.is_known(rep["calendar_id"])
    while day >= first:
        if not is_known or calendars.is_working(rep["calendar_id"], day):
            return day
        day -= ONE_DAY
    return None
