"""Calendar arithmetic: half-open periods (convention G5) and month ends that are clamped."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

ONE_DAY = timedelta(days=1)
MILLIONTH = Decimal("0.000001")
MONTHS = {"month": 1, "quarter": 3, "year": 12}


@cache
def add_months(day: date, months: int) -> date:
    """The same day some months later; the last of the month where there is no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@cache
def period_start(day: date, grain: str, week_start: int = 1) -> date:
    """First day of the period that holds a day."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=(day.isoweekday() - week_start) % 7)
    months = MONTHS[grain]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


@cache
def period_end(start: date, grain: str) -> date:
    """First day after the period."""
    if grain == "day":
        return start + ONE_DAY
    if grain == "week":
        return start + timedelta(days=7)
    return add_months(start, MONTHS[grain])


def days_from(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def periods_between(first: date, last: date, grain: str, week_start: int = 1) -> list[date]:
    """Starts of the periods that hold one of the days from first to last."""
    starts = []
    start = period_start(first, grain, week_start)
    while start <= last:
        starts.append(start)
        start = period_end(start, grain)
    return starts


def months_between(first: date, last: date) -> Decimal:
    """Months from one day to another; a day is a 31st of a month."""
    months = 12 * (last.year - first.year) + last.month - first.month
    return (months + Decimal(last.day - first.day) / 31).quantize(MILLIONTH, ROUND_HALF_UP)
