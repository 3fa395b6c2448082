"""What dbt is told. Pure functions, so that they are tested without running dbt."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path


def build_arguments(as_of_date: date) -> list[str]:
    """Arguments of a production build.

    Unit tests prove the code and belong to CI. Partial parsing is off because an edited group makes
    it drop contracts of other models silently.
    """
    return [
        "--no-partial-parse",
        "build",
        "--exclude-resource-type",
        "unit_test",
        "--vars",
        json.dumps({"as_of_date": as_of_date.isoformat()}),
    ]


def release_path(releases_dir: Path, as_of_date: date, run_id: str) -> Path:
    """The file a run builds its marts into; a name that no other run has."""
    suffix = re.sub(r"[^0-9A-Za-z]", "", run_id)[:12]
    if not suffix:
        raise ValueError(f"run id {run_id!r} has no letter or digit to name a release after")
    return releases_dir / f"kpis_{as_of_date:%Y%m%d}_{suffix}.duckdb"
