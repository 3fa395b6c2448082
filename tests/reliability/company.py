"""A small company whose files go back and forth between two states, one version of rows a cycle."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.settings import load_settings
from tests.acceptance.companies import SMALL, Row, generate
from tests.acceptance.warehouse import as_text, write_extracts
from tests.environment import environment_of, new_home
from tests.reliability.pipeline import Pipeline, Run

# What is built in each cycle: all that the files of a cycle reach on their way to one KPI, and what
# a release must have to be published.
SELECTION = [
    *("+enps", "stg_standard__opportunities", "opportunities", "stg_standard__cta_events"),
    *("cta_events", "int_last_load", "int_past_publications", "publication", "kpi_values"),
]
CLICKS = 2_000
_FIRST = datetime(2025, 2, 28, tzinfo=UTC)


class Company:
    """A folder of extracts, a warehouse and published files, and the steps to take in it."""

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self.pipeline = pipeline
        self.folder = folder
        self.environment = environment_of(folder, SMALL.as_of.isoformat())
        self.settings = load_settings(self.environment)
        self.first_release = folder / "first.duckdb"

    def prepare(self) -> None:
        """Land the whole company, and make the release that each cycle begins with."""
        write_extracts(generate(SMALL), self.folder / "extracts", "000")
        self.pipeline.run("land", self.environment)
        order = {"release": str(self.first_release), "select": ["+path:models/conformed", "+enps"]}
        self.pipeline.run("build", self.environment, **order)
        self.pipeline.run("outline", self.environment, release=str(self.first_release))

    def copy(self, folder: Path) -> Company:
        """The same in another folder. Nothing is published there."""
        ignored = shutil.ignore_patterns("published", "target", "logs", "dagster")
        shutil.copytree(self.folder, folder, ignore=ignored)
        return Company(self.pipeline, folder)

    def send(self, cycle: int) -> None:
        """Files of a cycle: rows that change a KPI (an even and an odd state), and others."""
        folder = self.folder / "extracts/standard"
        at = _FIRST + timedelta(minutes=cycle)
        odd = cycle % 2
        small = _small()
        deals = [
            {**row, "amount": (row["amount"] or 100) * (1 + odd), "updated_at": at}
            for row in small["opportunities"]
        ]
        answers = [
            {**row, "score": 9 - 4 * odd, "updated_at": at, "_deleted": None}
            for row in small["employee_surveys"][:200]
        ]
        clicks = [
            {**small["cta_events"][0], "cta_event_id": f"c{cycle}_{n}"} for n in range(CLICKS)
        ]
        files = {"opportunities": deals, "cta_events": clicks}
        write_extracts(files, self.folder / "extracts", f"{cycle:04}")
        lines = [json.dumps({k: as_text(v) for k, v in row.items()}) for row in answers]
        (folder / f"employee_surveys_{cycle:04}.jsonl").write_text("\n".join(lines) + "\n")

    def release(self, cycle: int) -> Path:
        """What a cycle builds into."""
        return self.settings.releases_dir / f"kpis_20250228_{cycle:06}.duckdb"

    def cycle(self, cycle: int, limit: int = 0) -> Run:
        """Start landing, build and publishing of a cycle; no file larger than `limit` bytes."""
        release, begin_with = str(self.release(cycle)), str(self.first_release)
        order = {"release": release, "begin_with": begin_with, "select": SELECTION}
        return self.pipeline.start("cycle", self.environment, limit=limit, **order)

    def job(self, cycle: int) -> Run:
        """Start the Dagster job for a cycle."""
        if not Path(self.environment["DAGSTER_HOME"]).exists():
            new_home(self.folder)
        order = {"run_id": job_run_id(cycle), "begin_with": str(self.first_release)}
        return self.pipeline.start("job", self.environment, **order)

    def final(self, name: str, select: list[str] | None) -> Path:
        """Build into a release of its own, as if nothing had ever been published."""
        release = self.folder / name / "final.duckdb"
        environment = {**self.environment, "KPI_PUBLISHED": str(self.folder / "nothing")}
        order = {"release": str(release), "begin_with": str(self.first_release), "select": select}
        self.pipeline.run("build", environment, **order)
        return release


def job_run_id(cycle: int) -> str:
    """A run id from which release names tell the cycle: their twelve digits end in 0000."""
    return f"{cycle:08}-0000-4000-8000-000000000000"


def _small() -> dict[str, list[Row]]:
    if not _SMALL:
        _SMALL.update(generate(SMALL))
    return _SMALL


_SMALL: dict[str, list[Row]] = {}
