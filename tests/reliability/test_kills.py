"""Promise 5: kill -9 at any moment of landing, build and publishing."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from orchestration.publish.manifest import verify
from orchestration.runlock import run_lock
from tests.reliability.company import SELECTION, Company
from tests.reliability.pipeline import Pipeline, Run
from tests.reliability.reader import Reader, Seen, look
from tests.reliability.same import check_books, differences

pytestmark = pytest.mark.promise(5)

Figure = Callable[[str, object], None]

SMALL = {"land": 2, "build": 2, "publish": 2, "job": 1}
LONG = {"land": 90, "build": 90, "publish": 90, "job": 30}
NEXT = {"land": "build", "build": "publish", "publish": "finished"}
GONE_WITHIN = 60.0  # seconds until nothing of a killed run is alive, on a machine that is busy
LOCKED_FOR = 60.0  # seconds that the last thread of a killed process may hold a lock, there
JOB_BUILDS = 6.0  # seconds that the dbt process of the job lives, about


class Calm:
    """The same company without a kill: how long each phase takes, and what it says."""

    def __init__(self, company: Company) -> None:
        self.seconds: dict[str, float] = {}
        self.said: list[Seen] = []
        for cycle in range(2):
            company.send(cycle)
            self._time(company.cycle(cycle))
            self.said.append(look(company.settings.published_file))
        assert self.said[0].digest != self.said[1].digest, "the states are told apart"

    def _time(self, run: Run) -> None:
        run.wait_for("land")
        started = time.monotonic()
        for phase, following in NEXT.items():
            run.wait_for(following)
            self.seconds[phase] = time.monotonic() - started
            started = time.monotonic()
        run.end()

    def is_right(self, seen: Seen) -> bool:
        """Whether a release says what a run that was never killed says of the same files."""
        number = seen.release.split("_")[-1]
        cycle = int(number[:8] if len(number) == 12 else number)  # 12 digits: of the job
        expected = self.said[cycle % 2]
        found = (seen.as_of_date, seen.cells, seen.digest)
        return found == (expected.as_of_date, expected.cells, expected.digest)


def kill(company: Company, cycle: int, phase: str, calm: Calm, rng: random.Random) -> bool:
    """Start a cycle and kill it at a random moment of a phase; False if it was over before."""
    if phase == "job":
        run = company.job(cycle)
        run.wait_for("job")
        moment = rng.random()
        if moment < 0.2:  # before dbt has been started
            time.sleep(rng.uniform(0, 2))
        else:
            wait_for_dbt(run)
            time.sleep(0 if moment < 0.5 else rng.uniform(0, JOB_BUILDS))
    else:
        run = company.cycle(cycle)
        run.wait_for(phase)
        time.sleep(rng.uniform(0, calm.seconds[phase]))
    try:
        run.kill(group=phase == "job" and rng.random() < 0.3)
    except ProcessLookupError:
        return False
    return True


def wait_for_dbt(run: Run) -> None:
    """Until the job has started its dbt process."""
    deadline = time.monotonic() + 120
    while run.is_alive and time.monotonic() < deadline:
        with suppress(psutil.Error):  # one of them has just ended
            children = psutil.Process(run.pid).children()
            if any("build" in child.cmdline() for child in children):
                return
        time.sleep(0.02)


def seconds_until_gone(pipeline: Pipeline) -> float:
    """How long anything of a killed run lives on."""
    killed = time.monotonic()
    while left := pipeline.left():
        assert time.monotonic() - killed < GONE_WITHIN, left
        time.sleep(0.02)
    return time.monotonic() - killed


def check_what_is_left(company: Company) -> None:
    """The lock is free, the warehouse opens and its books agree, the published file is whole."""
    asked = time.monotonic()
    with run_lock(company.settings, "the test", lambda text: None):
        assert time.monotonic() - asked < LOCKED_FOR
        check_books(company.settings.warehouse)
    published = company.settings.published_file.resolve(strict=True)
    assert not published.with_name(published.name + ".wal").exists()
    verify(published)


def test_a_killed_run_leaves_nothing_wrong_behind(
    company: Company, tmp_path: Path, long: bool, figure: Figure
) -> None:
    base = company
    calm = Calm(base.copy(tmp_path / "calm"))
    company = base.copy(tmp_path / "killed")
    company.send(0)
    company.cycle(0).end()

    rng = random.Random(20260228)
    wanted = [phase for phase, times in (LONG if long else SMALL).items() for _ in range(times)]
    rng.shuffle(wanted)
    killed: Counter[str] = Counter()
    slowest, cycle = 0.0, 0
    reader = Reader(company.settings.published_file)
    try:
        while wanted:
            cycle += 1
            company.send(cycle)
            if kill(company, cycle, wanted[-1], calm, rng):
                killed[wanted.pop()] += 1
            slowest = max(slowest, seconds_until_gone(company.pipeline))
            check_what_is_left(company)
            if cycle % 10 == 0:
                cycle += 1
                company.send(cycle)
                company.cycle(cycle).end()
                assert look(company.settings.published_file).release.endswith(f"{cycle:06}")
        cycle += 1
        company.send(cycle)
        company.cycle(cycle).end()
    finally:
        seen, errors = reader.stop()
    assert not errors, errors[:5]
    wrong = [one for one in seen if not calm.is_right(one)]
    assert not wrong, wrong[:5]
    assert look(company.settings.published_file).release.endswith(f"{cycle:06}")
    releases = [path for path in company.settings.releases_dir.iterdir() if ".wal" in path.name]
    assert not releases, "nothing half made is left once a run has ended well"

    # Who was never killed landed the same files, all at once.
    never = base.copy(tmp_path / "never")
    shutil.copytree(company.folder / "extracts", never.folder / "extracts", dirs_exist_ok=True)
    never.pipeline.run("land", never.environment)
    select = None if long else SELECTION
    made = company.final("final", select), never.final("final", select)
    assert differences(*made) == []
    schemas = ("raw", "conformed", "intermediate")
    assert differences(company.settings.warehouse, never.settings.warehouse, schemas) == []

    figure("kills", sum(killed.values()))
    figure("kills by phase", ", ".join(f"{count} {phase}" for phase, count in killed.items()))
    figure("polls of the reader", sum(seen.values()))
    figure("publications seen by it", len(seen))
    figure("wrong reads", len(wrong) + len(errors))
    figure("s until nothing of a killed run was alive, at most", f"{slowest:.1f}")
