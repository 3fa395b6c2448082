"""Settings, and the one place where a clock decides what counts."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestration.settings import PROJECT_DIR, last_complete_day, load_settings


def test_defaults_lie_inside_the_project() -> None:
    settings = load_settings({})
    assert settings.extracts_dir == PROJECT_DIR / "extracts"
    assert settings.published_file == PROJECT_DIR / "published/sales_kpis.duckdb"
    assert settings.releases_dir == PROJECT_DIR / "published/releases"
    assert settings.kept_releases == 5


def test_the_environment_wins() -> None:
    settings = load_settings({"KPI_WAREHOUSE": "/data/w.duckdb", "KPI_KEPT_RELEASES": "2"})
    assert settings.warehouse == Path("/data/w.duckdb")
    assert settings.kept_releases == 2


@pytest.mark.promise(9)
@pytest.mark.parametrize(
    ("now", "time_zone", "expected"),
    [
        # 22:30 in London on the 1st is already the 2nd, 02:00, in Tehran (UTC+3:30).
        (datetime(2026, 3, 1, 22, 30, tzinfo=UTC), "UTC", date(2026, 2, 28)),
        (datetime(2026, 3, 1, 22, 30, tzinfo=UTC), "Asia/Tehran", date(2026, 3, 1)),
        # One minute before and at midnight in Ho Chi Minh City (UTC+7).
        (datetime(2026, 1, 1, 16, 59, tzinfo=UTC), "Asia/Ho_Chi_Minh", date(2025, 12, 31)),
        (datetime(2026, 1, 1, 17, 0, tzinfo=UTC), "Asia/Ho_Chi_Minh", date(2026, 1, 1)),
        # Around midnight of the days on which clocks change. Berlin, to summer: +1, then +2.
        (datetime(2024, 3, 30, 22, 59, tzinfo=UTC), "Europe/Berlin", date(2024, 3, 29)),
        (datetime(2024, 3, 30, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2024, 3, 30)),
        (datetime(2024, 3, 31, 21, 59, tzinfo=UTC), "Europe/Berlin", date(2024, 3, 30)),
        (datetime(2024, 3, 31, 22, 0, tzinfo=UTC), "Europe/Berlin", date(2024, 3, 31)),
        # To winter: the hour from 2 to 3 comes twice, the day stays one.
        (datetime(2024, 10, 27, 0, 30, tzinfo=UTC), "Europe/Berlin", date(2024, 10, 26)),
        (datetime(2024, 10, 27, 1, 30, tzinfo=UTC), "Europe/Berlin", date(2024, 10, 26)),
        (datetime(2024, 10, 27, 22, 59, tzinfo=UTC), "Europe/Berlin", date(2024, 10, 26)),
        (datetime(2024, 10, 27, 23, 0, tzinfo=UTC), "Europe/Berlin", date(2024, 10, 27)),
        # Tehran changed at midnight, from 0:00 to 1:00 and from 24:00 to 23:00, up to 2022.
        (datetime(2022, 3, 21, 20, 29, tzinfo=UTC), "Asia/Tehran", date(2022, 3, 20)),
        (datetime(2022, 3, 21, 20, 30, tzinfo=UTC), "Asia/Tehran", date(2022, 3, 21)),
        (datetime(2022, 9, 21, 19, 30, tzinfo=UTC), "Asia/Tehran", date(2022, 9, 20)),
        (datetime(2022, 9, 21, 20, 30, tzinfo=UTC), "Asia/Tehran", date(2022, 9, 21)),
        (datetime(2023, 6, 1, 19, 45, tzinfo=UTC), "Asia/Tehran", date(2023, 5, 31)),
        # New York at 0:00 after the change: -4 in summer, -5 in winter.
        (datetime(2024, 3, 11, 3, 59, tzinfo=UTC), "America/New_York", date(2024, 3, 9)),
        (datetime(2024, 3, 11, 4, 0, tzinfo=UTC), "America/New_York", date(2024, 3, 10)),
        (datetime(2024, 11, 4, 4, 59, tzinfo=UTC), "America/New_York", date(2024, 11, 2)),
        (datetime(2024, 11, 4, 5, 0, tzinfo=UTC), "America/New_York", date(2024, 11, 3)),
        # The leap day, the last of a year, and a clock that shows another zone's time.
        (datetime(2024, 3, 1, 0, 0, tzinfo=UTC), "UTC", date(2024, 2, 29)),
        (datetime(2025, 3, 1, 0, 0, tzinfo=UTC), "UTC", date(2025, 2, 28)),
        (datetime(2025, 1, 1, 0, 0, tzinfo=UTC), "UTC", date(2024, 12, 31)),
        (
            datetime(2024, 3, 20, 5, 0, tzinfo=ZoneInfo("Asia/Tehran")),
            "Asia/Tehran",
            date(2024, 3, 19),
        ),
        (
            datetime(2024, 3, 20, 5, 0, tzinfo=ZoneInfo("Asia/Tehran")),
            "America/New_York",
            date(2024, 3, 18),
        ),
    ],
)
def test_last_complete_day(now: datetime, time_zone: str, expected: date) -> None:
    assert last_complete_day(now, time_zone) == expected
