"""The pipeline's real steps in processes of their own, which a test may kill at any moment.

One process loads what takes long (dbt with the parsed project, Dagster with the definitions) and
forks: each fork runs the steps that it is told, in a session of its own, and says on the way where
it is. So a run starts in milliseconds, and a kill meets the work and not the imports.

    python -m tests.reliability.pipeline    one JSON object on each line: what to do, in which
                                            environment; answers `<pid> <where> <detail>`
"""

from __future__ import annotations

import json
import os
import queue
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import psutil

from orchestration.settings import PROJECT_DIR, load_settings
from tests.environment import environment_of

MARK = "KPI_TEST_PIPELINE"
LANDED_AT = datetime(2030, 1, 1, tzinfo=UTC)


# The side of the test -----------------------------------------------------------------------------


@dataclass
class Run:
    """One fork: its process id, and where it has been since."""

    pid: int
    log: Path
    marks: queue.Queue[tuple[str, str]] = field(default_factory=queue.Queue)
    family: list[psutil.Process] = field(default_factory=list)

    def wait_for(self, where: str, seconds: float = 300) -> str:
        """Wait until the run gets there; what it says of it. Fails where the run ends before."""
        deadline = time.monotonic() + seconds
        while True:
            mark, detail = self.marks.get(timeout=max(0.0, deadline - time.monotonic()))
            if mark == where:
                return detail
            assert mark != "end", f"ended before {where}: {detail}\n{self.text()}"

    def end(self, seconds: float = 300) -> None:
        """Wait for the end, which must be a good one."""
        assert (detail := self.ended(seconds)) == "", f"{detail}\n{self.text()}"

    def ended(self, seconds: float = 300) -> str:
        """Wait for the end; the error it ended with, empty if there was none."""
        return self.wait_for("end", seconds)

    @property
    def is_alive(self) -> bool:
        return psutil.pid_exists(self.pid)

    def kill(self, group: bool = False) -> None:
        """kill -9, of the process alone or of all in its group."""
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.pid)
            self.family = [root, *root.children(recursive=True)]
        (os.killpg if group else os.kill)(self.pid, signal.SIGKILL)

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-6000:]


class Pipeline:
    """Starts runs. `folder` is where the project is parsed to and runs write their logs.

    The definitions are loaded for the last day `as_of`.
    """

    def __init__(self, folder: Path, as_of: str) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.runs: dict[int, Run] = {}
        self.started: queue.Queue[Run] = queue.Queue()
        folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.pipeline"],
            cwd=PROJECT_DIR,
            env={
                **os.environ,
                **environment_of(folder, as_of),
                MARK: self.mark,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def start(self, do: str, environment: Mapping[str, str], **arguments: Any) -> Run:
        assert self.process.stdin
        log = self.folder / "run.log"
        order = {"do": do, "environment": dict(environment), "log": str(log), **arguments}
        self.process.stdin.write(json.dumps(order, default=str) + "\n")
        self.process.stdin.flush()
        return self.started.get(timeout=300)

    def run(self, do: str, environment: Mapping[str, str], **arguments: Any) -> None:
        """Start a run and wait for its good end."""
        self.start(do, environment, **arguments).end()

    def left(self) -> list[str]:
        """What is alive of all that runs have started, and of the runs."""
        # What is being ended has no environment any more and may still hold a lock.
        family = [process for run in self.runs.values() for process in run.family]
        found = [f"{process.pid}, being ended" for process in family if _is_alive(process)]
        for process in psutil.process_iter():
            try:
                mine = process.environ().get(MARK) == self.mark
                helper = process.ppid() == self.process.pid and process.pid not in self.runs
                if process.pid == self.process.pid or helper:
                    continue  # what forks, and what its libraries have started in it
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(f"{process.pid}: {' '.join(process.cmdline())}")
            except psutil.Error:
                continue
        return found

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(30)

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            pid, where, detail = line.rstrip("\n").split(" ", 2)
            if where == "start":
                self.runs[int(pid)] = Run(int(pid), Path(detail))
                self.started.put(self.runs[int(pid)])
            else:
                self.runs[int(pid)].marks.put((where, detail.replace("\\n", "\n")))


def _is_alive(process: psutil.Process) -> bool:
    """Also one whose first thread is dead and whose others still hold what it had open."""
    with suppress(psutil.NoSuchProcess):
        zombie = process.status() == psutil.STATUS_ZOMBIE
        return process.is_running() and not (zombie and process.num_threads() <= 1)
    return False


# The side of the fork -----------------------------------------------------------------------------


def _land(order: Mapping[str, Any], say: Callable[..., None]) -> None:
    from orchestration.landing import create_raw_tables, land, load_contract, open_warehouse

    settings = load_settings()
    contract = load_contract(PROJECT_DIR / "models")
    say("land")
    with open_warehouse(settings) as con:
        create_raw_tables(con, contract)
        land(con, settings.extracts_dir, contract, LANDED_AT, scratch=settings.scratch_dir)


def _build(order: Mapping[str, Any], say: Callable[..., None]) -> None:
    """dbt over `select`, into `release`, which begins as a copy of `begin_with` if given."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    say("build")
    release = Path(order["release"])
    release.parent.mkdir(parents=True, exist_ok=True)
    if order.get("begin_with"):
        shutil.copy(order["begin_with"], release)
    os.environ["KPI_RELEASE"] = str(release)
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    arguments += ["--exclude-resource-type", "test"]
    if order.get("select"):
        arguments += ["--select", *order["select"]]
    result = dbtRunner(manifest=_parsed[0]).invoke(arguments)
    DuckDBConnectionManager.close_all_connections()  # as the end of a process does
    failed = [
        f"{node.node.name}: {node.message}"
        for node in getattr(result.result, "results", None) or []
        if node.status not in ("success", "pass", "skipped")
    ]
    if not result.success:
        raise RuntimeError("\n".join(failed) or str(result.exception))


def _outline(order: Mapping[str, Any], say: Callable[..., None]) -> None:
    """Give `release` an empty table of all that a run reads and a short one does not build."""
    with duckdb.connect(order["release"]) as con:
        con.execute("create schema if not exists scorecard; create schema analyses")
        for node in _parsed[0].nodes.values():
            if node.resource_type == "model" and "/kpis/" in node.original_file_path:
                con.execute(f"create schema if not exists {node.schema}")
                con.execute(  # all KPIs are of one shape
                    f"create table if not exists {node.schema}.{node.name} as"
                    " from people.enps limit 0"
                )
        for table, columns in _SCORECARD.items():
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            con.execute(f"create table {table} ({listed})")


# What the scorecard on Dagster's page reads.
_SCORECARD = {
    "scorecard.kpi_catalogue": dict.fromkeys(("kpi_id", "area", "name_en", "unit"), "varchar"),
    "scorecard.kpi_scorecard": {
        **dict.fromkeys(("kpi_id", "dimension", "period_grain", "target_status"), "varchar"),
        **dict.fromkeys(("is_matured", "is_complete_period", "is_larger_than_chance"), "boolean"),
        **dict.fromkeys(("kpi_value", "previous_value", "last_year_value"), "double"),
        **{"target_value": "double", "trend": "varchar", "period_start": "date"},
    },
    "analyses.an_goal_tree": {
        **dict.fromkeys(("path", "root_goal_id", "dimension", "dimension_value"), "varchar"),
        **dict.fromkeys(("measure_id", "unit", "value_type"), "varchar"),
        **dict.fromkeys(("target_value", "actual_value", "gap", "progress"), "double"),
        **{"goal_level": "int", "period_start": "date", "parts_gap": "double"},
        **{"is_on_track": "boolean", "is_measured": "boolean"},
    },
}


def _publish(order: Mapping[str, Any], say: Callable[..., None]) -> None:
    from orchestration.publish import publish

    settings = load_settings()
    say("publish")
    publish(Path(order["release"]), settings.published_file, settings.kept_releases)


def _cycle(order: Mapping[str, Any], say: Callable[..., None]) -> None:
    """All three, in one turn, as a run does them."""
    from orchestration.runlock import run_lock

    with run_lock(load_settings(), f"run {order['release']}", lambda text: say("wait", text)):
        for step in (_land, _build, _publish):
            step(order, say)
        say("finished")


def _job(order: Mapping[str, Any], say: Callable[..., None]) -> None:
    """The Dagster job itself: its landing, its dbt process over one KPI, its publishing."""
    import dagster as dg

    from orchestration.defs import transform

    def clear_and_begin(releases_dir: Path, published_file: Path, but: Path | None = None) -> None:
        clear_half_made(releases_dir, published_file, but)
        if but:  # it is this run's turn to build
            shutil.copy(order["begin_with"], but)

    clear_half_made = transform.clear_half_made
    say("job")
    with (
        patch.object(transform, "clear_half_made", clear_and_begin),
        dg.DagsterInstance.get() as instance,
    ):
        result = _parsed[1].execute_in_process(
            run_id=order["run_id"], instance=instance, raise_on_error=False
        )
        if not result.success:
            failed = [event for event in result.all_events if event.is_failure]
            raise RuntimeError("\n".join(str(event.event_specific_data) for event in failed))


_STEPS = {
    "land": _land,
    "build": _build,
    "outline": _outline,
    "publish": _publish,
    "cycle": _cycle,
    "job": _job,
}
_parsed: list[Any] = []


def _load() -> None:
    """Parse the project, and make a short job of a few assets of the real one."""
    import dagster as dg
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner

    from orchestration.definitions import defs

    parsed = dbtRunner().invoke(["--quiet", "--no-partial-parse", "parse"])
    assert parsed.success, parsed.exception
    reset_adapters()
    DuckDBConnectionManager.close_all_connections()
    select = dg.AssetSelection.assets
    selection = (
        select(["people", "enps"]).upstream()
        | select(["scorecard", "publication"]).upstream(1)
        | select(["scorecard", "kpi_values"], ["publish", "sales_kpis"])
    ).without_checks()
    short = dg.define_asset_job("short", selection, executor_def=dg.in_process_executor)
    definitions = dg.Definitions.merge(defs(), dg.Definitions(jobs=[short]))
    _parsed.extend([parsed.result, definitions.resolve_job_def("short")])


def main() -> None:
    say_to = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended forks leave no zombies
    for line in sys.stdin:
        order = json.loads(line)
        if os.fork():
            continue
        _fork(order, say_to)


def _fork(order: dict[str, Any], say_to: int) -> None:
    def say(where: str, detail: object = "") -> None:
        text = str(detail)[:3000].replace("\n", "\\n")
        os.write(say_to, f"{os.getpid()} {where} {text}\n".encode())

    error = ""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(order["environment"])
        if limit := order.get("limit"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        say("start", order["log"])
        _STEPS[order["do"]](order, say)
    except BaseException as failure:
        traceback.print_exc()
        error = f"{type(failure).__name__}: {failure}"
    say("end", error)
    os._exit(0)


if __name__ == "__main__":
    main()
