"""Teams, reps, their calendars, how they settle in and what they think of their work."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from .generator import Generator

DEPARTMENTS = {
    "alpha": "sales",
    "beta": "sales",
    "gamma": "account_management",
    "delta": "support",
    "epsilon": "marketing",
}
#: where each rep works and by which calendar; the last calendar is one that never arrived
OFFICES = [
    ("Asia/Tehran", "ir"),
    ("Europe/Berlin", "mon_fri"),
    ("America/New_York", "mon_fri"),
    ("Asia/Ho_Chi_Minh", "vn"),
    ("Asia/Riyadh", "sa"),
    ("UTC", "mon_fri"),
    ("Asia/Tehran", "thu_fri"),
    ("Europe/Berlin", "odd"),
    ("Asia/Riyadh", "ae"),
    ("America/New_York", "cal_unknown"),
]
QUESTIONS = ["enps", "belonging", "method_agreement", "motivation"]


def people(c: Generator) -> None:
    """Teams and territories, reps with and without history, some gone, some not yet there."""
    for name, department in DEPARTMENTS.items():
        c.put("teams", {"team_id": name, "team_name": name.title(), "department": department})
    for name, region in (("north", "eu"), ("south", "eu"), ("east", "apac")):
        c.put("territories", {"territory_id": name, "territory_name": name, "region": region})
    for number in range(1, 13):
        hired = c.shape.start - timedelta(days=300)
        if number in (3, 8):
            hired = c.day(c.shape.start, c.shape.as_of)
        team = {11: "delta", 12: "epsilon"}.get(number) or c.pick(["alpha", "beta", "gamma"])
        zone, calendar = OFFICES[(number - 1) % len(OFFICES)]
        c.put(
            "reps",
            {
                "rep_id": f"r{number}",
                "full_name": f"Rep {number}",
                "role": c.pick(["bdr", "sdr", "ae", "ae", "am", "manager"]),
                "team_id": team,
                "territory_id": c.pick(["north", "south", "east", None]),
                "hired_on": hired,
                "terminated_on": c.day(hired, c.shape.as_of) if number in (2, 8, 9) else None,
                "time_zone": zone,
                "calendar_id": calendar,
            },
        )
        if number % 3 == 0 or number > 10:
            continue
        moment = c.moment(last=c.shape.start + timedelta(days=120))
        for _ in range(c.rng.randint(1, 3)):
            c.put(
                "rep_assignment_history",
                {
                    "rep_id": f"r{number}",
                    "team_id": c.pick(["alpha", "beta", "gamma", "delta"]),
                    "territory_id": c.pick(["north", "south", "east", None]),
                    "role": c.pick(["ae", "sdr", "am"]),
                    "valid_from": moment,
                    "valid_to": None,
                },
            )
            moment += timedelta(days=c.rng.randint(20, 300), hours=7)
    c.reps = [f"r{number}" for number in range(1, 13)] + ["r_unknown"]


def zone_of(c: Generator, rep: str | None) -> str:
    """Where a rep works."""
    zones = {row["rep_id"]: row["time_zone"] for row in c.rows["reps"]}
    return str(zones.get(rep, "UTC"))


def calendars(c: Generator) -> None:
    """Weekends on Thursday and Friday; a week with odd hours; changes to the calendars shipped."""
    for weekday in range(1, 8):
        is_working = weekday not in (4, 5)
        hours = (time(8, 30), time(17, 30)) if is_working else (None, None)
        window(c, "thu_fri", weekday, is_working, *hours)
    window(c, "odd", 1, True, time(0), time(23, 59, 59))
    window(c, "odd", 2, True, time(9), time(9, 30))
    # Wednesday has no row; a closed Thursday keeps its old hours.
    window(c, "odd", 4, False, time(9), time(17))
    window(c, "odd", 5, True, time(13), time(20))
    window(c, "odd", 6, True, time(10), time(14))
    window(c, "odd", 7, False, None, None)
    if c.shape.week_start != 1:
        window(c, "mon_fri", 5, True, time(9), time(13))
    for calendar in ("ir", "mon_fri", "vn", "sa", "thu_fri", "odd"):
        for day in c.rng.sample(c.span, 5) + c.rng.sample(c.months, 2):
            c.put("calendar_holidays", {"calendar_id": calendar, "holiday_on": day})
    # A holiday that the seed knows and the company does not keep.
    holiday = {"calendar_id": "vn", "holiday_on": date(2024, 4, 30)}
    c.put("calendar_holidays", holiday, _deleted=True)


def window(
    c: Generator,
    calendar: str,
    weekday: int,
    is_working: bool,
    opens_at: time | None,
    closes_at: time | None,
) -> None:
    """The hours of one weekday."""
    c.put(
        "business_calendars",
        {
            "calendar_id": calendar,
            "weekday_iso": weekday,
            "is_working": is_working,
            "opens_at": opens_at,
            "closes_at": closes_at,
        },
    )


def onboardings(c: Generator) -> None:
    """Of customers and employees: finished, unfinished, ended by leaving, twice over."""
    for number, account in enumerate(c.account_ids):
        if c.chance(0.6):
            onboarding(c, f"b{number}", "customer", None, account, c.moment())
    number = len(c.account_ids)
    for rep in c.rows["reps"] * 2:
        if not c.chance(0.7):
            continue
        number += 1
        started = c.moment()
        if c.chance(0.6):
            hired = max(rep["hired_on"], c.shape.start)
            started = c.moment(hired, hired + timedelta(days=20))
        onboarding(c, f"b{number}", "employee", rep["rep_id"], None, started)
    onboarding(c, "b_unknown", "employee", "r_unknown", None, c.moment(last=c.shape.as_of))


def onboarding(
    c: Generator, key: str, kind: str, rep: str | None, account: str | None, started: datetime
) -> None:
    c.put(
        "onboardings",
        {
            "onboarding_id": key,
            "subject_type": kind,
            "rep_id": rep,
            "account_id": account,
            "started_at": started,
            "completed_at": c.after(started, 60) if c.chance(0.8) else None,
        },
        _deleted=c.gone(),
    )


def employee_surveys(c: Generator) -> None:
    """Waves with enough and with too few answers in a team; who answers again counts once."""
    sizes = {"alpha": 8, "beta": 5, "gamma": 3, "delta": 6, "team_unknown": 1}
    number = 0
    for first in [month for month in c.months if month.month % 3 == 0][-6:]:
        wave = f"{first.year}-Q{first.month // 3}"
        if c.chance(0.2):
            wave = f"Pulse {first.year}/{first.month}"
        for team, size in sizes.items():
            for person in range(size):
                for question in QUESTIONS:
                    if not c.chance(0.85):
                        continue
                    answered = c.moment(first, first + timedelta(days=27))
                    for again in range(c.pick([1] * 6 + [2])):
                        number += 1
                        c.put(
                            "employee_surveys",
                            {
                                "answer_id": f"e{number:04}",
                                "survey_wave": wave,
                                "respondent_key": f"{team}_{person}",
                                "team_id": team,
                                "question_kind": question,
                                "score": c.pick([0, 3, 6, 6, 7, 8, 8, 9, 9, 10, 10]),
                                "responded_at": answered + again * timedelta(hours=c.pick([1, 30])),
                            },
                            _deleted=c.gone(0.01),
                        )
