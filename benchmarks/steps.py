"""The steps of the pipeline, each in a process of its own, and what a run of each came to."""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import Measured, measure
from orchestration.settings import PROJECT_DIR

AS_OF = "2025-12-31"
LAYERS = {  # by the folder of a dbt node, in order
    "seeds": "seeds",
    "models/staging": "staging and conformed",
    "models/conformed": "staging and conformed",
    "models/intermediate": "intermediate",
    "models/marts/core": "core",
    "models/marts/kpis": "kpis",
    "models/marts/analyses": "analyses",
    "models/marts/scorecard": "scorecard",
    "tests": "data tests",
}
_PUBLISH = """
import os
from pathlib import Path
from orchestration.publish import publish
from orchestration.settings import load_settings
publish(Path(os.environ["KPI_RELEASE"]), load_settings().published_file, 5)
"""


@dataclass
class Cost:
    """Seconds, and most memory in MB."""

    seconds: float = 0.0
    memory: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.seconds + other.seconds, max(self.memory, other.memory))


@dataclass
class Pipeline:
    """One full run without Dagster, by step; `nodes` are models, seeds and tests by name."""

    steps: dict[str, Cost]
    nodes: dict[str, Cost]
    build: Cost

    @property
    def total(self) -> Cost:
        return sum(self.steps.values(), Cost())


@dataclass
class Orchestrated:
    """One full run by Dagster: seconds of its parts, and most memory in MB."""

    parts: dict[str, float] = field(default_factory=dict)
    memory: float = 0.0

    @property
    def seconds(self) -> float:
        return sum(self.parts.values())

    @property
    def own_seconds(self) -> float:
        """Without the work itself. What dbt waits for its reader is not in here."""
        work = ("landing", "dbt build", "publish")
        return sum(seconds for part, seconds in self.parts.items() if part not in work)


def environment(folder: Path, extracts: Path) -> dict[str, str]:
    """Every path of a run inside one folder, which is emptied."""
    shutil.rmtree(folder, ignore_errors=True)
    instance = folder / "instance"
    instance.mkdir(parents=True)
    (folder / "published/releases").mkdir(parents=True)
    shutil.copy(PROJECT_DIR / "orchestration/instance/dagster.yaml", instance)
    return {
        **os.environ,
        "BENCHMARK_DATABASE": str(folder / "by_hand.duckdb"),
        "DAGSTER_HOME": str(instance),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "DBT_TARGET_PATH": str(folder / "target"),
        "KPI_AS_OF_DATE": AS_OF,
        "KPI_EXTRACTS": str(extracts),
        "KPI_PUBLISHED": str(folder / "published"),
        "KPI_RELEASE": str(folder / "published/releases/kpis_benchmark.duckdb"),
        "KPI_WAREHOUSE": str(folder / "private/warehouse.duckdb"),
    }


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def run_pipeline(folder: Path, extracts: Path) -> Pipeline:
    """Landing, one dbt build and publishing, in new files."""
    env = environment(folder, extracts)
    landing = measure([sys.executable, "-m", "orchestration.landing"], env, folder / "land.log")
    build = measure(
        [_tool("dbt"), "--no-partial-parse", "build", "--exclude-resource-type", "unit_test"],
        env,
        folder / "build.log",
    )
    publishing = measure([sys.executable, "-c", _PUBLISH], env)
    layers, nodes = _dbt_costs(Path(env["DBT_TARGET_PATH"]), build)
    steps = {"landing": _cost(landing), **layers, "publish": _cost(publishing)}
    return Pipeline(steps, nodes, _cost(build))


def _cost(run: Measured) -> Cost:
    return Cost(run.seconds, run.peak())


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def _dbt_costs(target: Path, build: Measured) -> tuple[dict[str, Cost], dict[str, Cost]]:
    """A dbt build by layer, with what dbt needs itself, and by model."""
    manifest = json.loads((target / "manifest.json").read_text("utf-8"))
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    layers = {"dbt start-up": Cost(), **{layer: Cost() for layer in LAYERS.values()}}
    nodes: dict[str, Cost] = {}
    first, last = build.ended, build.started
    for result in results:
        node = manifest["nodes"][result["unique_id"]]
        times = [
            (_moment(timing["started_at"]), _moment(timing["completed_at"]))
            for timing in result["timing"]
        ]
        if not times:
            continue
        start, end = min(times)[0], max(time[1] for time in times)
        first, last = min(first, start), max(last, end)
        cost = Cost(result["execution_time"], build.peak(start, end))
        layers[_layer(node)] += cost
        nodes[node["name"]] = cost
    inside = sum(cost.seconds for cost in layers.values())
    layers["dbt start-up"] = Cost(first - build.started, build.peak(end=first))
    layers["dbt between nodes and at its end"] = Cost(
        build.seconds - inside - layers["dbt start-up"].seconds, build.peak(start=last)
    )
    return layers, nodes


def _layer(node: Mapping[str, Any]) -> str:
    if node["resource_type"] == "test":
        return LAYERS["tests"]
    path = node["original_file_path"]
    return next(layer for folder, layer in LAYERS.items() if path.startswith(folder))


def run_by_hand(folder: Path, extracts: Path) -> dict[str, Cost]:
    """The script written by hand, by part."""
    env = environment(folder, extracts)
    run = measure([sys.executable, "-m", "benchmarks.by_hand"], env)
    parts: dict[str, list[float]] = json.loads(run.output)
    return {part: Cost(end - start, run.peak(start, end)) for part, (start, end) in parts.items()}


def run_dagster(folder: Path, extracts: Path) -> Orchestrated:
    """The job `refresh` in new files, split by its events and by the processes it starts."""
    env = environment(folder, extracts)
    del env["DBT_TARGET_PATH"]  # Dagster reads the manifest in the project's own target
    run = measure(
        [_tool("dagster"), "job", "execute", "-m", "orchestration.definitions", "-j", "refresh"],
        env,
        folder / "dagster.log",
    )
    starts, ends = _dagster_steps(Path(env["DAGSTER_HOME"]))
    length = {step: ends[step] - starts[step] for step in starts}
    loading = min(starts.values()) - run.started
    parse, build = run.child("parse"), run.child("build")
    if build is None:
        raise RuntimeError("no dbt build was seen under Dagster")
    parsing = parse.last_seen - parse.first_seen if parse else 0.0
    return Orchestrated(
        {
            "start-up, definitions": loading - parsing,
            "dbt parse, if the manifest is old": parsing,
            "landing": sum(length[step] for step in length if step.startswith("landing")),
            "before dbt build: `dbt --version`, arguments": build.first_seen - starts["dbt_build"],
            "dbt build": build.last_seen - build.first_seen,
            "after dbt build: events still to be written": ends["dbt_build"] - build.last_seen,
            "publish": length["publish__sales_kpis"],
            "between steps, end": run.seconds - loading - sum(length.values()),
        },
        run.peak(),
    )


def _dagster_steps(home: Path) -> tuple[dict[str, float], dict[str, float]]:
    """When each step started and ended, from the event log of the only run."""
    moments: dict[str, dict[str, float]] = {"STEP_START": {}, "STEP_SUCCESS": {}}
    (log,) = [path for path in (home / "history/runs").glob("*.db") if path.stem != "index"]
    with sqlite3.connect(log) as con:
        rows = con.execute(
            "select dagster_event_type, step_key, timestamp from event_logs "
            "where dagster_event_type in ('STEP_START', 'STEP_SUCCESS')"
        ).fetchall()
    for kind, step, text in rows:
        moments[kind][step] = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    return moments["STEP_START"], moments["STEP_SUCCESS"]
