"""Clocks and calendars: days at the edges of zones and years, and machines whose clock is wrong.

Every local date below was worked out by hand from the offsets in the comments.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import libfaketime
import pytest
from persiantools.jdatetime import JalaliDate

from orchestration.landing import land
from orchestration.settings import PROJECT_DIR
from tests.acceptance.warehouse import Rows, query, write_extracts
from tests.environment import environment_of
from tests.orchestration.test_landing import Desk
from tests.reliability.same import differences

pytestmark = pytest.mark.promise(9)

ZONES = ["UTC", "Europe/Berlin", "Asia/Tehran", "America/New_York", "Asia/Ho_Chi_Minh"]
AS_OF = date(2025, 12, 31)


@dataclass(frozen=True)
class Machine:
    """What a machine believes: `clock` is the time at its start, `zone` its own time zone."""

    clock: str | None = None
    zone: str = "UTC"

    def run(self, arguments: list[str], environment: dict[str, str]) -> None:
        """Run a Python module there."""
        belief = {"TZ": self.zone}
        if self.clock:
            _, preload = libfaketime.get_reload_information()
            belief |= {**preload, "FAKETIME": f"@{self.clock}"}
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=PROJECT_DIR,
            env={**os.environ, **environment, **belief},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (self, (done.stdout + done.stderr)[-4000:])


RIGHT = Machine()
LONG_AGO = Machine("1999-12-31 23:59:30", "America/St_Johns")
WRONG = [LONG_AGO, Machine("2087-02-28 23:59:30", "Asia/Tehran"), Machine(zone="Asia/Kathmandu")]

# The zone that the company reports in, and the machine.
Case = tuple[str, Machine]
BERLIN: Case = ("Europe/Berlin", LONG_AGO)

# A moment in UTC and the day on the wall in each of the zones. Offsets: Berlin +1, +2 from
# 2024-03-31T01:00Z to 2024-10-27T01:00Z; Tehran +3:30, +4:30 from 2022-03-21T20:30Z to
# 2022-09-21T19:30Z and never again; New York -5, -4 from 2024-03-10T07:00Z to 2024-11-03T06:00Z;
# Ho Chi Minh City +7.
MOMENTS = """
2020-12-31T23:00:00  2020-12-31 2021-01-01 2021-01-01 2020-12-31 2021-01-01
2021-01-03T23:59:59  2021-01-03 2021-01-04 2021-01-04 2021-01-03 2021-01-04
2022-03-21T20:29:59  2022-03-21 2022-03-21 2022-03-21 2022-03-21 2022-03-22
2022-03-21T20:30:00  2022-03-21 2022-03-21 2022-03-22 2022-03-21 2022-03-22
2022-06-01T19:45:00  2022-06-01 2022-06-01 2022-06-02 2022-06-01 2022-06-02
2022-09-21T19:45:00  2022-09-21 2022-09-21 2022-09-21 2022-09-21 2022-09-22
2022-09-21T20:30:00  2022-09-21 2022-09-21 2022-09-22 2022-09-21 2022-09-22
2023-06-01T19:45:00  2023-06-01 2023-06-01 2023-06-01 2023-06-01 2023-06-02
2024-02-29T16:59:59  2024-02-29 2024-02-29 2024-02-29 2024-02-29 2024-02-29
2024-02-29T17:00:00  2024-02-29 2024-02-29 2024-02-29 2024-02-29 2024-03-01
2024-02-29T23:30:00  2024-02-29 2024-03-01 2024-03-01 2024-02-29 2024-03-01
2024-03-01T04:59:59  2024-03-01 2024-03-01 2024-03-01 2024-02-29 2024-03-01
2024-03-11T03:59:59  2024-03-11 2024-03-11 2024-03-11 2024-03-10 2024-03-11
2024-03-11T04:00:00  2024-03-11 2024-03-11 2024-03-11 2024-03-11 2024-03-11
2024-03-19T20:29:59  2024-03-19 2024-03-19 2024-03-19 2024-03-19 2024-03-20
2024-03-19T20:30:00  2024-03-19 2024-03-19 2024-03-20 2024-03-19 2024-03-20
2024-03-30T23:30:00  2024-03-30 2024-03-31 2024-03-31 2024-03-30 2024-03-31
2024-03-31T21:59:59  2024-03-31 2024-03-31 2024-04-01 2024-03-31 2024-04-01
2024-03-31T22:00:00  2024-03-31 2024-04-01 2024-04-01 2024-03-31 2024-04-01
2024-10-26T22:00:00  2024-10-26 2024-10-27 2024-10-27 2024-10-26 2024-10-27
2024-10-27T22:59:59  2024-10-27 2024-10-27 2024-10-28 2024-10-27 2024-10-28
2024-10-27T23:00:00  2024-10-27 2024-10-28 2024-10-28 2024-10-27 2024-10-28
2024-11-04T04:59:59  2024-11-04 2024-11-04 2024-11-04 2024-11-03 2024-11-04
2024-11-04T05:00:00  2024-11-04 2024-11-04 2024-11-04 2024-11-04 2024-11-04
2024-12-31T20:29:59  2024-12-31 2024-12-31 2024-12-31 2024-12-31 2025-01-01
2024-12-31T20:30:00  2024-12-31 2024-12-31 2025-01-01 2024-12-31 2025-01-01
2025-03-20T20:29:59  2025-03-20 2025-03-20 2025-03-20 2025-03-20 2025-03-21
2025-03-20T20:30:00  2025-03-20 2025-03-20 2025-03-21 2025-03-20 2025-03-21
2025-12-31T16:59:59  2025-12-31 2025-12-31 2025-12-31 2025-12-31 2025-12-31
2025-12-31T17:00:00  2025-12-31 2025-12-31 2025-12-31 2025-12-31 2026-01-01
"""
DAYS = {
    datetime.fromisoformat(f"{moment}+00:00"): dict(
        zip(ZONES, map(date.fromisoformat, days), strict=True)
    )
    for moment, *days in map(str.split, MOMENTS.strip().splitlines())
}

# Leads per Jalali period, counted by hand above: 1403 runs from 2024-03-20 to 2025-03-20 and has a
# 30 Esfand, its last day; 1404 starts on 2025-03-21.
JALALI_LEADS = {
    "UTC": {("jalali_year", "2024-03-20"): 12, ("jalali_year", "2025-03-21"): 2},
    "Europe/Berlin": {("jalali_year", "2024-03-20"): 12, ("jalali_year", "2025-03-21"): 2},
    "Asia/Tehran": {
        ("jalali_year", "2024-03-20"): 12,
        ("jalali_month", "2024-03-20"): 4,
        ("jalali_month", "2025-02-19"): 1,
        ("jalali_year", "2025-03-21"): 3,
    },
    "America/New_York": {("jalali_year", "2024-03-20"): 12, ("jalali_year", "2025-03-21"): 2},
    # What happened at 17:00Z on the last day is of tomorrow there.
    "Asia/Ho_Chi_Minh": {("jalali_year", "2024-03-20"): 12, ("jalali_year", "2025-03-21"): 3},
}

# Months after a date, the last day on which a loss is within them: the 31st and the leap day become
# the last day of a shorter month. Won, months, last day as a customer, whether it counts.
LOSSES = [
    ("2023-08-31", 6, "2024-02-29", True),
    ("2023-08-31", 6, "2024-03-01", False),
    ("2022-08-31", 6, "2023-02-28", True),
    ("2022-08-31", 6, "2023-03-01", False),
    ("2024-02-29", 6, "2024-08-29", True),
    ("2024-02-29", 6, "2024-08-30", False),
    ("2024-05-31", 9, "2025-02-28", True),
    ("2024-05-31", 9, "2025-03-01", False),
    ("2023-05-29", 9, "2024-02-29", True),
    ("2023-05-29", 9, "2024-03-01", False),
]

# Rep, asked at, answered at, working minutes between, worked out in the zone of the rep.
ANSWERS = [
    # Friday 16:30 to Monday 9:30 by office hours, over the change to summer time.
    ("berlin", "2024-03-29T15:30:00", "2024-04-01T07:30:00", 60),
    # The same over the change to winter time.
    ("berlin", "2024-10-25T14:30:00", "2024-10-28T08:30:00", 60),
    # From noon to noon around the clock: days of 23 and of 25 hours.
    ("berlin_always", "2024-03-30T11:00:00", "2024-04-01T10:00:00", 47 * 60),
    ("berlin_always", "2024-10-26T10:00:00", "2024-10-28T11:00:00", 49 * 60),
    ("tehran_always", "2022-03-21T08:30:00", "2022-03-22T07:30:00", 23 * 60),
    ("tehran_always", "2022-09-21T07:30:00", "2022-09-22T08:30:00", 25 * 60),
    ("tehran_always", "2023-03-21T08:30:00", "2023-03-22T08:30:00", 24 * 60),
    # Over a leap day by office hours: Wednesday 16:00, all of Thursday the 29th, Friday to 10:00.
    ("berlin", "2024-02-28T15:00:00", "2024-03-01T09:00:00", 10 * 60),
]

REPS = {
    "berlin": ("Europe/Berlin", "mon_fri"),
    "berlin_always": ("Europe/Berlin", "always"),
    "berlin_night": ("Europe/Berlin", "night"),
    "tehran_always": ("Asia/Tehran", "always"),
    **{f"rep {zone}": (zone, "mon_fri") for zone in ZONES},
}
CREATED = datetime(2020, 6, 1, 12, tzinfo=UTC)

KPIS = [
    "bookings_amount",
    "deals_won",
    "lead_response_time",
    "new_leads",
    "post_close_churn_rate_6m",
    "post_close_churn_rate_9m",
    "sales_activities",
    "time_in_stage",
]
SELECT = [*(f"+{kpi}" for kpi in KPIS), "+fct_quotas"]


def noon(day: str) -> datetime:
    """Noon in UTC is the same day in all of the zones."""
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def company() -> Rows:
    """What happens at each of the moments, and nothing else in those tables."""
    reps = [
        {
            "rep_id": rep,
            "full_name": rep,
            "role": "ae",
            "team_id": "sales",
            "hired_on": date(2024, 2, 15) if rep == "berlin" else date(2019, 1, 1),
            "time_zone": zone,
            "calendar_id": calendar,
        }
        for rep, (zone, calendar) in REPS.items()
    ]
    hours = {"always": (None, None), "night": ("01:00:00", "04:00:00")}
    calendars = [
        {
            "calendar_id": calendar,
            "weekday_iso": day,
            "is_working": True,
            "opens_at": opens,
            "closes_at": closes,
        }
        for calendar, (opens, closes) in hours.items()
        for day in range(1, 8)
    ]

    def deal(number: str, closed: datetime, amount: Decimal) -> Any:
        return {
            "opportunity_id": number,
            "account_id": f"account of {number}",
            "owner_rep_id": "berlin",
            "opportunity_type": "new_business",
            "pipeline_id": "standard",
            "stage_id": "won",
            "amount": amount,
            "currency": "USD",
            "created_at": CREATED,
            "closed_at": closed,
            "outcome": "won",
        }

    deals = [deal(f"{n:02}", moment, Decimal(2**n)) for n, moment in enumerate(DAYS)]
    won = [deal(f"loss {n}", noon(day), Decimal(0)) for n, (day, *_) in enumerate(LOSSES)]
    subscriptions = [
        {
            "subscription_id": f"subscription {n}",
            "account_id": f"account of loss {n}",
            "product_id": "product",
            "period_start": date.fromisoformat(day),
            "period_end": date.fromisoformat(lost) + timedelta(days=1),
            "mrr": Decimal(10),
            "currency": "USD",
            "end_reason": "cancelled",
        }
        for n, (day, _, lost, _) in enumerate(LOSSES)
    ]
    stays = [
        # From noon to noon over the short and the long day of Berlin: elapsed time, not the wall's.
        {"opportunity_id": "17", "stage_id": stage, "entered_at": noon(day)}
        for stage, day in (("qualification", "2024-03-30"), ("won", "2024-03-31"))
    ]

    def lead(number: str, created: datetime, **more: Any) -> Any:
        return {
            "lead_id": number,
            "owner_rep_id": "berlin",
            "source_channel": "web",
            "motion": "inbound",
            "created_at": created,
            **more,
        }

    def call(number: str, rep: str, at: datetime, **more: Any) -> Any:
        return {
            "activity_id": number,
            "activity_type": "call",
            "direction": "outbound",
            "is_cold": False,
            "is_automated": False,
            "rep_id": rep,
            "occurred_at": at,
            "status": "completed",
            "is_auto_reply": False,
            **more,
        }

    leads = [lead(f"{n:02}", moment) for n, moment in enumerate(DAYS)]
    calls = [
        call(f"{n} {zone}", f"rep {zone}", moment)
        for n, moment in enumerate(DAYS)
        for zone in ZONES
        if moment.date() < AS_OF
    ]
    for n, (rep, asked, answered, _) in enumerate(ANSWERS):
        at = datetime.fromisoformat(f"{asked}+00:00")
        then = datetime.fromisoformat(f"{answered}+00:00")
        leads.append(lead(f"asks {n}", CREATED, form_submitted_at=at, owner_rep_id=rep))
        calls.append(call(f"answer {n}", rep, then, lead_id=f"asks {n}"))
    accounts = [
        {
            "account_id": row["account_id"],
            "account_name": row["account_id"],
            "created_at": CREATED,
            "is_test": False,
        }
        for row in (*deals, *won)
    ]
    quota = {
        "target_id": "quota",
        "target_kind": "quota",
        "scope_type": "rep",
        "scope_id": "berlin",
        "measure_id": "bookings_amount",
        "value_type": "currency",
        "period_type": "month",
        "period_start": date(2024, 2, 1),
        "period_end": date(2024, 3, 1),
        "target_value": Decimal(29_000),
        "currency": "USD",
    }
    return {
        "teams": [{"team_id": "sales", "team_name": "Sales", "department": "sales"}],
        "reps": reps,
        "business_calendars": calendars,
        "accounts": accounts,
        "opportunities": [*deals, *won],
        "opportunity_stage_history": stays,
        "subscription_periods": subscriptions,
        "leads": leads,
        "activities": calls,
        "targets": [quota],
    }


def variables(zone: str) -> dict[str, Any]:
    return {
        "reporting_time_zone": zone,
        "kpi_grains": ["day", "week", "month", "year", "jalali_month", "jalali_year"],
        "prorate_quota": True,
    }


class Company:
    """The company's files, landed by machines and reported in zones, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_extracts(company(), folder / "extracts")
        self.landed = cache(self._landed)
        self.release = cache(self._release)

    def environment(self, folder: Path) -> dict[str, str]:
        extracts = str(self.folder / "extracts")
        return environment_of(folder, AS_OF.isoformat(), KPI_EXTRACTS=extracts)

    def _landed(self, machine: Machine) -> Path:
        """The warehouse of a machine, with nothing built."""
        folder = self.folder / f"landed {WRONG.index(machine) if machine in WRONG else 'right'}"
        machine.run(["orchestration.landing"], self.environment(folder))
        return folder / "private/warehouse.duckdb"

    def _release(self, case: Case) -> Path:
        """What a machine builds for a zone."""
        zone, machine = case
        warehouse = self.landed(machine)
        folder = warehouse.parent.parent / zone.replace("/", " ")
        (folder / "private").mkdir(parents=True)
        shutil.copy(warehouse, folder / "private")
        arguments = ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
        arguments += ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
        arguments += ["--vars", json.dumps(variables(zone)), "--select", *SELECT]
        machine.run(["dbt.cli.main", "--quiet", "build", *arguments], self.environment(folder))
        return folder / "release.duckdb"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("clock"))


@pytest.fixture
def cases(long: bool) -> list[Case]:
    """The small form has one zone, and a machine whose clock and zone are wrong."""
    if not long:
        return [BERLIN]
    return [(zone, RIGHT) for zone in ZONES] + [("Europe/Berlin", machine) for machine in WRONG]


def cells(release: Path, kpi: str, where: str = "dimension = 'all'") -> dict[Any, Decimal]:
    """Numerators that are not 0 by grain and first day of the period."""
    rows = query(
        release,
        f"select period_grain, period_start, sum(numerator) from {kpi}"
        f" where {where} and variant = 'headline' and numerator <> 0 group by all",
    )
    return {(grain, start): value for grain, start, value in rows}


def period(grain: str, day: date) -> date:
    """First day of the period, by libraries that the warehouse does not use."""
    jalali = JalaliDate(day)
    first = {
        "day": day,
        "week": date.fromisocalendar(*day.isocalendar()[:2], 1),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
        "jalali_month": JalaliDate(jalali.year, jalali.month, 1).to_gregorian(),
        "jalali_year": JalaliDate(jalali.year, 1, 1).to_gregorian(),
    }
    return first[grain]


def rolled_up(days: dict[date, Decimal]) -> dict[Any, Decimal]:
    """What is due on each day, for each grain of the KPIs."""
    expected: Counter[Any] = Counter()
    for day, amount in days.items():
        for grain in variables("")["kpi_grains"]:
            expected[grain, period(grain, day)] += amount
    return dict(expected)


def by_day(zone: str, value: Callable[[int], int]) -> dict[date, Decimal]:
    found: Counter[date] = Counter()
    for number, days in enumerate(DAYS.values()):
        if days[zone] <= AS_OF:
            found[days[zone]] += Decimal(value(number))
    return dict(found)


def test_deals_leads_and_money_fall_on_the_day_of_the_reporting_zone(
    built: Company, cases: list[Case], figure: Callable[[str, object], None]
) -> None:
    checked = 0
    for zone, machine in cases:
        found = built.release((zone, machine))
        assert query(
            found,
            "select opportunity_id, closed_on from core.fct_opportunities"
            " where opportunity_id not like 'loss%' order by 1",
        ) == [
            (f"{n:02}", days[zone] if days[zone] <= AS_OF else None)
            for n, days in enumerate(DAYS.values())
        ], zone
        money = rolled_up(by_day(zone, lambda n: 2**n))
        assert cells(found, "revenue.bookings_amount") == money, zone
        leads = rolled_up(by_day(zone, lambda _: 1))
        for key, value in rolled_up({CREATED.date(): Decimal(len(ANSWERS))}).items():
            leads[key] = leads.get(key, Decimal(0)) + value
        assert cells(found, "pipeline.new_leads") == leads, zone
        deals = Counter(rolled_up(by_day(zone, lambda _: 1)))
        for day, *_ in LOSSES:
            deals.update(rolled_up({date.fromisoformat(day): Decimal(1)}))
        assert cells(found, "revenue.deals_won") == deals, zone
        checked += len(money) + len(leads) + len(deals)
    figure("cells at the edges of days and years", checked)


def test_jalali_years_begin_at_nowruz(built: Company, cases: list[Case]) -> None:
    for zone, machine in cases:
        leads = cells(built.release((zone, machine)), "pipeline.new_leads")
        found = {key: leads[key[0], date.fromisoformat(key[1])] for key in JALALI_LEADS[zone]}
        assert found == JALALI_LEADS[zone], zone
        # Calls of the rep in Tehran do so whatever the company reports in; there are none on the
        # last day of 2025.
        calls = cells(
            built.release((zone, machine)),
            "outreach.sales_activities",
            "dimension = 'rep' and dimension_value = 'rep Asia/Tehran'",
        )
        assert calls["jalali_year", date(2024, 3, 20)] == 12, zone
        assert calls["jalali_month", date(2024, 3, 20)] == 4, zone
        assert calls["jalali_month", date(2025, 2, 19)] == 1, zone
        assert calls["jalali_year", date(2025, 3, 21)] == 1, zone


def test_the_last_week_of_2020_is_week_53(built: Company) -> None:
    """23:00Z on December 31 is of 2021 in Berlin, in the same week; January 4 begins the next."""
    found = cells(built.release(BERLIN), "revenue.bookings_amount")
    assert found["week", date(2020, 12, 28)] == 1
    assert found["week", date(2021, 1, 4)] == 2
    assert found["year", date(2021, 1, 1)] == 1 + 2
    assert query(
        built.release(BERLIN),
        "select iso_year, iso_week from core.dim_date where date_on = '2021-01-01'",
    ) == [(2020, 53)]


def test_activities_fall_on_the_day_of_the_rep(built: Company, cases: list[Case]) -> None:
    """Whatever the company reports in."""
    for zone, machine in cases:
        for rep in ZONES:
            expected = Counter(days[rep] for moment, days in DAYS.items() if moment.date() < AS_OF)
            assert cells(
                built.release((zone, machine)),
                "outreach.sales_activities",
                f"dimension = 'rep' and dimension_value = 'rep {rep}' and period_grain = 'day'",
            ) == {("day", day): count for day, count in expected.items()}, (zone, rep)


def test_months_end_on_their_last_day(built: Company, cases: list[Case]) -> None:
    for zone, machine in cases:
        for months in (6, 9):
            rows = query(
                built.release((zone, machine)),
                f"select record_id, numerator from records.post_close_churn_rate_{months}m"
                " where variant = 'headline' and record_id like '%loss%' order by 1",
            )
            # Lost about 6 months after is within 9; lost about 9 months after is not within 6.
            assert rows == [
                (f"account of loss {n}", counts if term == months else term < months)
                for n, (_, term, _, counts) in enumerate(LOSSES)
            ], (zone, months)


def test_working_minutes_across_a_change_of_the_clock(built: Company, cases: list[Case]) -> None:
    for zone, machine in cases:
        assert query(
            built.release((zone, machine)),
            "select lead_id, response_business_minutes from core.fct_lead_responses order by 1",
        ) == [(f"asks {n}", minutes) for n, (*_, minutes) in enumerate(ANSWERS)], zone


def test_an_hour_that_is_skipped_or_comes_twice(built: Company) -> None:
    """1:00 to 4:00 in Berlin: 2 hours on March 31, 4 on October 27, 3 on any other day."""
    assert query(
        built.release(BERLIN),
        "select date_on, working_seconds from core.dim_working_hours where calendar_id = 'night'"
        " and date_on in ('2024-03-30', '2024-03-31', '2024-10-27', '2024-10-28') order by 1",
    ) == [
        (date(2024, 3, 30), 3 * 3600),
        (date(2024, 3, 31), 2 * 3600),
        (date(2024, 10, 27), 4 * 3600),
        (date(2024, 10, 28), 3 * 3600),
    ]


def test_days_in_a_stage_are_days_of_24_hours(built: Company, cases: list[Case]) -> None:
    for zone, machine in cases:
        assert query(
            built.release((zone, machine)),
            "select left_on, days_in_stage from core.fct_opportunity_stages"
            " where opportunity_id = '17' and stage like '%qualification'",
        ) == [(date(2024, 3, 31), Decimal(1))], zone


def test_a_quota_of_a_leap_february(built: Company, cases: list[Case]) -> None:
    """Hired on the 15th of 29 days: 15 of 29."""
    for zone, machine in cases:
        found = query(built.release((zone, machine)), "select quota from core.fct_quotas")
        assert found == [(15_000,)], zone


def test_a_wrong_clock_or_zone_of_the_machine_changes_no_cell(
    built: Company, cases: list[Case], long: bool, figure: Callable[[str, object], None]
) -> None:
    """Raw rows are the same but for the time of landing; in the long form so are all marts."""
    for machine in WRONG if long else [LONG_AGO]:
        assert differences(built.landed(RIGHT), built.landed(machine), ("raw",)) == [], machine
    ((landed,),) = query(built.landed(LONG_AGO), "select min(_loaded_at) from raw.standard__leads")
    assert landed.year in (1999, 2000), "the clock was not wrong"
    compared = [case for case in cases if case[1] != RIGHT and (case[0], RIGHT) in cases]
    assert len(compared) == (len(WRONG) if long else 0)
    for zone, machine in compared:
        right, wrong = built.release((zone, RIGHT)), built.release((zone, machine))
        assert differences(right, wrong) == [], machine
    figure("machines with a wrong clock or zone", len(WRONG) if long else 1)


def test_a_file_written_again_is_noticed_whatever_its_time_says(tmp_path: Path) -> None:
    """The same size and the same time as before: a clock set back, a copy that keeps times."""
    desk = Desk(tmp_path)
    path = desk.put("notes.csv", "note_id,body\n1,old\n")
    before = path.stat()
    desk.land()
    for content in ("note_id,body\n1,new\n", "note_id,body\n1,odd\n"):
        path.write_text(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert [r.status for r in desk.land().files] == ["landed"]
    assert [r.status for r in desk.land().files] == ["already_landed"]
    assert desk.rows("select body from raw.standard__notes order by _load_id") == [
        ("old",), ("new",), ("odd",)
    ]  # fmt: skip


def test_what_arrived_later_is_later_though_the_clock_went_back(tmp_path: Path) -> None:
    """Order of arrival is counted, not timed."""
    desk = Desk(tmp_path)
    for number, year in enumerate((2087, 1999, 2026), start=1):
        desk.put(f"notes_{9 - number}.csv", f"note_id,body\n1,{number}\n")
        land(desk.con, desk.extracts, desk.contract, datetime(year, 1, 1, tzinfo=UTC))
    assert desk.rows("select body from raw.standard__notes order by _load_id") == [
        ("1",), ("2",), ("3",)
    ]  # fmt: skip
