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
    max_file_bytes: what a file of the extracts may hold once it is decompressed.
    """

    extracts_dir: Path
    warehouse: Path
    published_dir: Path
    time_zone: str
    kept_releases: int
    max_file_bytes: int = 20_000_000_000

    @property
    def private_dir(self) -> Path:
        """Folder of what only the pipeline's user may read: the warehouse, what waits, spill."""
        return self.warehouse.parent

    @property
    def scratch_dir(self) -> Path:
        """Copies of extract files while they are read; emptied by each run."""
        return self.private_dir / "scratch"

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
        max_file_bytes=int(environment.get("KPI_MAX_FILE_BYTES", "20_000_000_000")),
    )


def last_complete_day(now: datetime, time_zone: str) -> date:
    """The day before `now` in a time zone: the last one whose data can be complete.

    The only place where a clock decides what the warehouse counts; models never read one.
    """
    return now.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)


@dataclass(frozen=True)
class PageSettings:
    """How Dagster's page is reached; it listens on this machine's loopback address alone.

    port, view_port: TCP ports of the page and of the page that only shows.
    hosts: names of a reverse proxy with a login, as browsers send them, with the port unless 443.
    """

    port: int
    view_port: int
    hosts: tuple[str, ...]


def load_page_settings(environment: Mapping[str, str] = os.environ) -> PageSettings:
    """The settings of the page that the environment names. Raises ValueError for a bad port."""
    names = environment.get("KPI_PAGE_HOSTS", "").split(",")
    return PageSettings(
        port=int(environment.get("KPI_PAGE_PORT", "3000")),
        view_port=int(environment.get("KPI_VIEW_PORT", "3001")),
        hosts=tuple(name.strip() for name in names if name.strip()),
    )
