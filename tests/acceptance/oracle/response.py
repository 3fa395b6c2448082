"""How fast a lead is answered: the moment it asks, the first touch after it, and office hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from .calendars import seed
from .company import Company
from .leads import Lead
from .periods import days_from
from .world import MILLIONTH, World

Hours = tuple[time | None, time | None]


@dataclass
class Trigger:
    """A lead that became qualified or filled in a form, and the first answer to it."""

    lead: Lead
    at: datetime
    on: date
    answered_at: datetime | None

    @property
    def minutes(self) -> Decimal | None:
        return in_minutes(self.answered_at - self.at) if self.answered_at else None


def in_minutes(length: timedelta) -> Decimal:
    """Kept to a millionth."""
    seconds = Decimal(round(length / timedelta(seconds=1)))
    return (seconds / 60).quantize(MILLIONTH, ROUND_HALF_UP)


def triggers(company: Company) -> list[Trigger]:
    """The earlier of the MQL entry and the form of each lead; without both it asked for nothing.

    Any rep may answer, whoever owns the lead; nobody answers before the question.
    """
    world, activities = company.world, company.activities
    forms: dict[str, datetime] = {}
    for row in world.current["leads"]:
        at = row["form_submitted_at"]
        if at is not None:
            forms[row["lead_id"]] = at
    found = []
    for lead in company.leads:
        moments = [forms[member] for member in lead.member_ids if member in forms]
        mql_at = lead.first_entry("mql")
        if mql_at:
            moments.append(mql_at)
        moments = [at for at in moments if world.has_happened(at)]
        if not moments:
            continue
        at = min(moments)
        prospect = activities.prospects.get(activities.persons.of_lead(lead.lead_id) or "")
        answers = [t.moment for t in prospect.touches if t.moment >= at] if prospect else []
        found.append(Trigger(lead, at, world.business_date(at), min(answers, default=None)))
    return found


def office_hours(world: World) -> dict[str, dict[int, Hours]]:
    """Hours of the weekdays that are worked, by calendar; a company's row replaces the shipped."""
    found: dict[str, dict[int, Hours | None]] = {}
    for line in seed("default_business_calendars"):
        opens, closes = (
            time.fromisoformat(line[name]) if line[name] else None
            for name in ("opens_at", "closes_at")
        )
        own = found.setdefault(line["calendar_id"], {})
        own[int(line["weekday_iso"])] = (opens, closes) if line["is_working"] == "true" else None
    for row in world.current["business_calendars"]:
        own = found.setdefault(row["calendar_id"], {})
        if row.get("_deleted"):
            own.pop(row["weekday_iso"], None)
        else:
            hours = (row["opens_at"], row["closes_at"])
            own[row["weekday_iso"]] = hours if row["is_working"] else None
    return {
        calendar: {weekday: hours for weekday, hours in own.items() if hours}
        for calendar, own in found.items()
        if own
    }


def business_minutes(
    company: Company, hours: dict[str, dict[int, Hours]], trigger: Trigger
) -> Decimal | None:
    """Minutes in which the owner's office was open between the trigger and the answer.

    Without an owner whose zone and calendar are known there is no such clock.
    """
    rep = company.world.reps.get(trigger.lead.owner or "")
    zone = company.activities.zone_of(trigger.lead.owner)
    if rep is None or zone is None or trigger.answered_at is None:
        return None
    calendar = rep["calendar_id"]
    if calendar not in hours:
        return None
    total = timedelta()
    first, last = trigger.at.astimezone(zone).date(), trigger.answered_at.astimezone(zone).date()
    for day in days_from(first, last):
        window = hours[calendar].get(day.isoweekday())
        if window and (calendar, day) not in company.calendars.holidays:
            opens, closes = in_utc(day, window, zone)
            worked = min(closes, trigger.answered_at) - max(opens, trigger.at)
            total += max(worked, timedelta())
    return in_minutes(total)


def in_utc(day: date, window: Hours, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A local window in UTC, so that a day on which clocks change has its true length."""
    opens, closes = window
    start = datetime.combine(day, opens or time(0), zone)
    end = (
        datetime.combine(day, closes, zone)
        if closes
        else datetime.combine(day + timedelta(days=1), time(0), zone)
    )
    return start.astimezone(UTC), end.astimezone(UTC)
