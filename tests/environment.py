"""A pipeline that keeps all it reads and writes in one folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from orchestration.settings import PROJECT_DIR

# The command of `make run`.
REFRESH = ("dagster", "job", "execute", "-m", "orchestration.definitions", "-j", "refresh")


def environment_of(folder: Path, as_of: str = "2025-12-31", **changed: str) -> dict[str, str]:
    """Environment variables for `load_settings`, dbt and Dagster; `changed` are set otherwise."""
    return {
        "DAGSTER_HOME": str(folder / "dagster"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "KPI_AS_OF_DATE": as_of,
        "KPI_EXTRACTS": str(folder / "extracts"),
        "KPI_PUBLISHED": str(folder / "published"),
        "KPI_RELEASE": str(folder / "release.duckdb"),
        "KPI_WAREHOUSE": str(folder / "private/warehouse.duckdb"),
        **changed,
    }


def new_home(folder: Path) -> Path:
    """The DAGSTER_HOME of `environment_of`, with the project's settings and its databases made.

    Two processes that make the databases at once fail.
    """
    import dagster as dg  # which takes long, and memory that some tests measure

    home = folder / "dagster"
    home.mkdir()
    shutil.copy(PROJECT_DIR / "orchestration/instance/dagster.yaml", home)
    with dg.DagsterInstance.from_config(str(home)):
        return home


def run(program: str, *arguments: str, environment: Mapping[str, str]) -> str:
    """Run a command of this Python environment; its output, or a failure that shows it."""
    done = ended(program, *arguments, environment=environment)
    assert done.returncode == 0, done.stdout[-8000:]
    return done.stdout


def ended(
    program: str, *arguments: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python environment, to a good or a bad end; all it said is stdout."""
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(
        command,
        cwd=PROJECT_DIR,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
