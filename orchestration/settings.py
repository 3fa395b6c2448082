"""Where things are and what the company has chosen, read from the environment in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

PROJECT_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Paths and choices of one installation.

    extracts_dir: folder of the files to land, one folder for each source.
    warehouse: the pipeline's own database, with personal data; nobody else opens it, and nothing
        that others may read lies in its folder.
    published_dir: what readers get; holds `sales_kpis.duckdb` and `releases/`.
    time_zone: IANA name; decides when the day is over for the schedule.
    kept_releases: how many releases stay for going back.
    """

    extracts_dir: Path
    warehouse: Path
    published_dir: Path
    time_zone: str
    kept_releases: int

    @property
    def private_dir(self) -> Path:
        """Folder of what only the pipeline's user may read: the warehouse, what waits, spill."""
        return self.warehouse.parent

    @property
    def releases_dir(self) -> Path:
        return self.published_dir / "releases"

    @property
    def published_file(self) -> Path:
        return self.published_dir / "sales_kpis.duckdb"


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment names, with defaults inside the project folder."""

    def path(name: str, default: str) -> Path:
        return PROJECT_DIR / environment.get(name, default)

    return Settings(
        extracts_dir=path("KPI_EXTRACTS", "extracts"),
        warehouse=path("KPI_WAREHOUSE", "private/warehouse.duckdb"),
        published_dir=path("KPI_PUBLISHED", "published"),
        time_zone=environment.get("KPI_TIME_ZONE", "UTC"),
        kept_releases=int(environment.get("KPI_KEPT_RELEASES", "5")),
    )


def last_complete_day(now: datetime, time_zone: str) -> date:
    """The day before `now` in a time zone: the last one whose data can be complete.

    The only place where a clock decides what the warehouse counts; models never read one.
    """
    return now.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)
