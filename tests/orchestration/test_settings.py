"""Settings, and the one place where a clock decides what counts."""

from datetime import UTC, date, datetime
from pathlib import Path

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


@pytest.mark.parametrize(
    ("now", "time_zone", "expected"),
    [
        # 22:30 in London on the 1st is already the 2nd, 02:00, in Tehran (UTC+3:30).
        (datetime(2026, 3, 1, 22, 30, tzinfo=UTC), "UTC", date(2026, 2, 28)),
        (datetime(2026, 3, 1, 22, 30, tzinfo=UTC), "Asia/Tehran", date(2026, 3, 1)),
        # One minute before and at midnight in Ho Chi Minh City (UTC+7).
        (datetime(2026, 1, 1, 16, 59, tzinfo=UTC), "Asia/Ho_Chi_Minh", date(2025, 12, 31)),
        (datetime(2026, 1, 1, 17, 0, tzinfo=UTC), "Asia/Ho_Chi_Minh", date(2026, 1, 1)),
    ],
)
def test_last_complete_day(now: datetime, time_zone: str, expected: date) -> None:
    assert last_complete_day(now, time_zone) == expected
