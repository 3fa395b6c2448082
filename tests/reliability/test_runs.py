"""Promise 7: runs that meet, are cancelled or die, and readers that never let go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.defs.faults import verdict
from orchestration.faults import advice, is_passing_trouble, told
from orchestration.publish import publish
from orchestration.runlock import dead_holder, lock_file, run_lock
from orchestration.settings import PROJECT_DIR, Settings, load_settings
from tests.environment import environment_of
from tests.reliability.company import Company, job_run_id
from tests.reliability.reader import look
from tests.reliability.same import check_books
from tests.reliability.test_kills import check_what_is_left, seconds_until_gone, wait_for_dbt

pytestmark = pytest.mark.promise(7)

Figure = Callable[[str, object], None]

HOLDER = """
import sys, time
from pathlib import Path
from orchestration.runlock import run_lock
from orchestration.settings import load_settings
with run_lock(load_settings(), sys.argv[1], print):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A place of its own, also for processes that the test starts."""
    for name, value in environment_of(tmp_path).items():
        monkeypatch.setenv(name, value)
    return load_settings()


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Python with these arguments, killed at the end; it has said its first line."""
    started = subprocess.Popen(
        [sys.executable, *arguments], cwd=PROJECT_DIR, stdout=subprocess.PIPE, text=True
    )
    try:
        assert started.stdout
        assert started.stdout.readline() == "held\n"
        yield started
    finally:
        started.kill()
        started.wait()


# The lock ----------------------------------------------------------------------------------------


def test_the_lock_of_a_living_run_is_waited_for_and_named(settings: Settings) -> None:
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        holder.terminate()

    with (
        process("-c", HOLDER, "run abc") as holder,
        run_lock(settings, "run def", say) as died,
    ):
        assert holder.wait(timeout=120) != 0, "it was held until its holder ended"
        assert len(said) == 1
        assert f"run abc, process {holder.pid} since" in said[0]
        assert str(died).startswith("run abc, process"), "it ended without giving the lock back"
    with run_lock(settings, "run ghi", pytest.fail) as died:
        assert died is None, "run def gave it back"
    assert settings.private_dir.stat().st_mode & 0o777 == 0o700


def test_a_killed_run_frees_the_lock_even_if_a_child_of_it_lives_on(settings: Settings) -> None:
    child = "import subprocess; subprocess.Popen(['sleep', '60']);" + HOLDER
    late = HOLDER.replace("print(", "import subprocess; subprocess.Popen(['sleep', '5']); print(")
    for code in (child, late):
        with process("-c", code, "run abc") as holder:
            assert dead_holder(settings) is None
            holder.kill()
            holder.wait()
            assert str(dead_holder(settings)).startswith("run abc,")
            with run_lock(settings, "run def", pytest.fail):
                pass
            assert dead_holder(settings) is None


def test_two_runs_that_start_together_take_turns(
    company: Company, tmp_path: Path, long: bool, figure: Figure
) -> None:
    """Each cycle alone would give the state of its own files; together the later files win."""
    calm = company.copy(tmp_path / "calm")
    calm.send(1)
    calm.cycle(1).end()
    expected = look(calm.settings.published_file)

    meeting = company.copy(tmp_path / "meeting")
    for number in (0, 1):
        meeting.send(number)
    start = meeting.job if long else meeting.cycle
    runs = [start(number) for number in (2, 3)]
    if not long:
        assert f"process {runs[0].pid} since" in runs[1].wait_for("wait")
    for run in runs:
        run.end()
    seen = look(meeting.settings.published_file)
    assert (seen.cells, seen.digest) == (expected.cells, expected.digest)
    assert len(list(meeting.settings.releases_dir.glob("*.json"))) == 2, "both published"
    check_what_is_left(meeting)
    figure("runs that met", 2)


# Cancelled and dead ------------------------------------------------------------------------------


def test_a_cancelled_run_takes_its_dbt_along_and_the_next_one_heals(
    company: Company, tmp_path: Path, figure: Figure
) -> None:
    """Dagster interrupts the process of a run to cancel it."""
    cancelled = company.copy(tmp_path / "cancelled")
    cancelled.send(1)
    run = cancelled.job(1)
    wait_for_dbt(run)
    time.sleep(1)
    os.kill(run.pid, signal.SIGINT)
    assert "Interrupt" in run.ended(120)
    figure("s until nothing of a cancelled run was alive",
           f"{seconds_until_gone(company.pipeline):.1f}")  # fmt: skip
    with dg.DagsterInstance.from_config(cancelled.environment["DAGSTER_HOME"]) as instance:
        found = instance.get_run_by_id(job_run_id(1))
        assert found
        assert found.status in (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE)
    with run_lock(cancelled.settings, "the test", pytest.fail):
        check_books(cancelled.settings.warehouse)
    assert not cancelled.settings.published_file.exists()
    cancelled.cycle(3).end()
    calm = company.copy(tmp_path / "calm")
    calm.send(1)
    calm.cycle(3).end()
    assert look(cancelled.settings.published_file) == look(calm.settings.published_file)


def test_a_run_whose_process_died_gives_its_place_in_the_queue_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool has one place; a run that nobody ends would hold it for good."""
    from orchestration.definitions import defs

    sensor = defs().resolve_sensor_def("new_extracts")
    schedule = defs().resolve_schedule_def("daily_refresh")
    job = defs().resolve_job_def("refresh")
    with dg.instance_for_test() as instance:

        def run(status: dg.DagsterRunStatus) -> str:
            return instance.create_run_for_job(job, status=status).run_id

        def status(run_id: str) -> dg.DagsterRunStatus:
            found = instance.get_run_by_id(run_id)
            assert found
            return found.status

        def tick() -> None:
            sensor.evaluate_tick(dg.build_sensor_context(instance=instance))

        running = run(dg.DagsterRunStatus.STARTED)
        with process("-c", HOLDER, f"run {running}") as holder:
            tick()
            assert status(running) is dg.DagsterRunStatus.STARTED, "it lives"
            holder.kill()
            holder.wait()
        other = run(dg.DagsterRunStatus.STARTED)
        tick()
        assert status(running) is dg.DagsterRunStatus.FAILURE
        assert status(other) is dg.DagsterRunStatus.STARTED, "it never held the lock"

        ended = run(dg.DagsterRunStatus.SUCCESS)
        lock_file(settings).write_text(f"run {ended}, process 1 since then")
        tick()
        assert status(ended) is dg.DagsterRunStatus.SUCCESS
        lock_file(settings).write_text(f"run {other}, process 1 since then")
        schedule.evaluate_tick(
            dg.build_schedule_context(
                instance=instance, scheduled_execution_time=datetime(2026, 3, 1, 5, tzinfo=UTC)
            )
        )
        assert status(other) is dg.DagsterRunStatus.FAILURE, "the schedule looks too"


# The sensor --------------------------------------------------------------------------------------


def test_files_that_come_during_a_run_are_for_a_later_one(settings: Settings) -> None:
    """One request for each state of the folder; a state whose run failed is not asked for again,
    since the same files would fail again: the schedule and `make run` take them."""
    from orchestration.definitions import defs

    sensor = defs().resolve_sensor_def("new_extracts")
    folder = settings.extracts_dir / "standard"
    folder.mkdir(parents=True)
    with dg.DagsterInstance.ephemeral() as instance:
        cursor: str | None = None

        def requests() -> list[str | None]:
            """Run keys of as many looks as it takes until the sensor is content."""
            nonlocal cursor
            keys: list[str | None] = []
            for _ in range(4):
                context = dg.build_sensor_context(instance=instance, cursor=cursor)
                result = sensor.evaluate_tick(context)
                cursor = result.cursor or cursor
                keys += [request.run_key for request in result.run_requests or []]
            return keys

        def put(name: str) -> None:
            (folder / name).write_text("account_id\na\n")
            os.utime(folder / name, (time.time() - 300,) * 2)

        put("accounts_1.csv")
        first = requests()
        put("accounts_2.csv")  # while the run of the first request goes on
        second = requests()
        assert (len(first), len(second)) == (1, 1)
        assert first != second
        assert requests() == []


# Those who never let go --------------------------------------------------------------------------


OPEN = """
import duckdb, sys, time
con = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "r")
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("mode", ["r", "w"])
def test_a_warehouse_that_somebody_holds_is_a_clear_error(settings: Settings, mode: str) -> None:
    settings.private_dir.mkdir(mode=0o700)
    duckdb.connect(str(settings.warehouse)).close()
    with process("-c", OPEN, str(settings.warehouse), mode) as holder:
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.landing"],
            cwd=PROJECT_DIR,
            text=True,
            capture_output=True,
            check=False,
        )
        with pytest.raises(duckdb.IOException) as caught:
            duckdb.connect(str(settings.warehouse))
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"is held open by process {holder.pid} " in last
    assert f"end it (kill {holder.pid})" in last
    assert str(settings.published_file) in last

    # In Dagster: five more tries, then the same words and no further try.
    warned: list[str] = []

    def step(retry: int) -> Any:
        log = SimpleNamespace(warning=warned.append)
        return SimpleNamespace(retry_number=retry, log=log)

    for message in (told(caught.value), told(caught.value).replace('"', '\\"')):
        assert is_passing_trouble(message)
        assert isinstance(verdict(step(4), message), dg.RetryRequested)
        assert f"process {holder.pid} " in warned[-1]
        given_up = verdict(step(5), message)
        assert isinstance(given_up, dg.Failure)
        assert not given_up.allow_retries
        assert f"end it (kill {holder.pid})" in str(given_up.description)
    assert verdict(step(0), "Got 1 result, configured to fail if != 0") is None


def test_what_dbt_says_of_a_held_warehouse_names_the_process(
    company: Company, tmp_path: Path
) -> None:
    held = company.copy(tmp_path / "held")
    order = {"release": str(held.release(1)), "select": ["publication"]}
    with process("-c", OPEN, str(held.settings.warehouse), "r") as holder:
        error = held.pipeline.start("build", held.environment, **order).ended()
    known = advice(error, held.settings)
    assert known
    assert f"is held open by process {holder.pid} " in known


def test_a_reader_that_never_lets_go_keeps_what_it_reads(tmp_path: Path, long: bool) -> None:
    """Its release is removed under it, and it reads on, also what it had not read before."""
    cells, published = 200_000, tmp_path / "sales_kpis.duckdb"

    def made(number: int) -> Path:
        path = tmp_path / f"releases/kpis_2026010{number}_{number}.duckdb"
        path.parent.mkdir(exist_ok=True)
        with duckdb.connect(str(path)) as con:
            con.execute("create schema scorecard")
            con.execute(
                "create table scorecard.publication as select date '2026-01-01' as as_of_date"
            )
            con.execute(
                "create table scorecard.kpi_values as"
                f" select {number} as n, md5(i::varchar) as text from range({cells}) as t(i)"
            )
        return path

    first = made(1)
    publish(first, published, kept=2)
    with duckdb.connect(str(published), read_only=True) as reader:
        for number in range(2, 9 if long else 5):
            publish(made(number), published, kept=2)
        assert not first.exists(), "pruned"
        assert reader.execute(
            "select min(n), max(n), count(distinct text) from scorecard.kpi_values"
        ).fetchone() == (1, 1, cells)
    assert len(list(first.parent.glob("*.duckdb"))) == 2
