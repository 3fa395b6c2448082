"""Promise 7, on the running page: its daemon with the schedule, the sensor, the queue and retries.

The small form serves one step in place of all assets; the long form the project's own definitions
over the demo company, each run with its landing, dbt and publishing.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import ScheduleInstigatorData

from orchestration.runlock import lock_file, run_lock
from orchestration.settings import load_settings
from tests.acceptance.warehouse import write_extracts
from tests.environment import REFRESH, environment_of, new_home, run
from tests.reliability.page import REAL, SMALL, Page, finished, lives, opened, wait_until
from tests.reliability.same import check_books, differences

pytestmark = pytest.mark.promise(7)

ROUND = 6.0  # seconds in which the daemon looks at its queue

# Which releases there have been before.
OF_PUBLICATIONS = {
    f'"scorecard"."{name}"' for name in ("publication", "publications", "kpi_history")
}

Status = dg.DagsterRunStatus


class Site:
    """One installation: its folder, and what somebody does there while the page runs."""

    def __init__(self, folder: Path, long: bool) -> None:
        self.folder = folder
        self.environment = environment_of(folder)
        self.settings = load_settings(self.environment)
        self.long = long
        self.patience = 900.0 if long else 120.0  # seconds that a run may take
        self.home = new_home(folder)
        self.sent = 0
        self.page: Page

    def send(self) -> None:
        """A further load of files."""
        self.sent += 1
        if self.long and self.sent == 1:
            demo = {"DEMO_SCALE": "0.01", "KPI_DEMO_TRUTHS": str(self.folder / "truths.json")}
            environment = {**os.environ, **self.environment, **demo}
            run("python", "-m", "demo", environment=environment)
        else:
            lead = {"lead_id": f"late_{self.sent}", "created_at": "2025-12-30T12:00:00Z"}
            write_extracts({"leads": [lead]}, self.settings.extracts_dir, f"late_{self.sent}")

    @property
    def hold(self) -> Path:
        """While this file is there, the step of the small form goes on."""
        return self.folder / "hold"

    def runs(self) -> list[dg.DagsterRun]:
        """All runs, in the order in which they were asked for."""
        return list(self.page.instance.get_runs())[::-1]

    def next_run(self, since: int) -> dg.DagsterRun:
        """The run that is asked for after `since` others."""
        wait_until(lambda: len(self.runs()) > since, self.patience)
        assert len(self.runs()) == since + 1, [dict(one.tags) for one in self.runs()]
        return self.runs()[since]

    def status(self, of: dg.DagsterRun) -> Status:
        found = self.page.instance.get_run_by_id(of.run_id)
        assert found
        return found.status

    def at_work(self, of: dg.DagsterRun) -> int:
        """Wait until a run has its turn, in the long form until it builds; its process id."""

        def has_its_turn() -> bool:
            assert not finished(self.page, of.run_id), self.told(of)
            return lock_file(self.settings).read_text().startswith(f"run {of.run_id}, process")

        wait_until(has_its_turn, self.patience)
        process = int(lock_file(self.settings).read_text().split("process ")[1].split()[0])
        if self.long:
            wait_until(lambda: bool(self.dbt()), self.patience)
        return process

    def dbt(self) -> list[psutil.Process]:
        """The living dbt processes of runs."""
        return [process for process, word in self.page.told(psutil.Process.cmdline)
                if word == "build"]  # fmt: skip

    def ended(self, of: dg.DagsterRun) -> Status:
        """Wait for the end of a run; how it was."""
        wait_until(lambda: bool(finished(self.page, of.run_id)), self.patience)
        return self.status(of)

    def told(self, of: dg.DagsterRun) -> str:
        return "\n".join(entry.user_message for entry in self.page.instance.all_logs(of.run_id))

    def times(self, of: dg.DagsterRun) -> tuple[float, float]:
        """When the process of a run began and ended, in seconds."""
        record = self.page.instance.get_run_record_by_id(of.run_id)
        assert record
        assert record.start_time
        assert record.end_time
        return record.start_time, record.end_time


def test_the_daemon_lets_one_run_work_at_a_time_and_repeats_one_that_died(
    tmp_path: Path, long: bool, figure: Callable[[str, object], None]
) -> None:
    site = Site(tmp_path, long)
    definitions = REAL if long else SMALL

    def page_opened() -> AbstractContextManager[Page]:
        return opened("open_page", definitions, site.home)

    # Somebody switches the schedule and the sensor on. At five o'clock the machine is off.
    with page_opened() as site.page:
        page = site.page.ready()
        started = page.own(page.start_schedule).data["startSchedule"]
        assert started["__typename"] == "ScheduleStateResult"
        assert page.own(page.start_sensor).data["startSensor"]["__typename"] == "Sensor"
        (schedule,) = page.instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
    with dg.DagsterInstance.from_config(str(site.home)) as instance:
        assert isinstance(schedule.instigator_data, ScheduleInstigatorData)
        cron, yesterday = schedule.instigator_data.cron_schedule, time.time() - 25 * 3600
        data = ScheduleInstigatorData(cron, start_timestamp=yesterday)
        instance.update_instigator_state(schedule.with_data(data))
    site.send()

    with page_opened() as site.page:
        page = site.page.ready()

        # The schedule makes up for it, the sensor finds the files, and somebody works by hand.
        with run_lock(site.settings, "the test", pytest.fail):
            wait_until(lambda: len(site.runs()) == 2, 240)
            together = site.runs()
            asked_by = {tag for one in together for tag in one.tags}
            assert asked_by >= {"dagster/schedule_name", "dagster/sensor_name"}
            # It may be five o'clock by the time of this machine, too.
            page.instance.stop_schedule(schedule.instigator_origin_id, schedule.selector_id, None)

            def states() -> list[str]:
                return sorted(site.status(one).value for one in together)

            wait_until(lambda: states() == ["QUEUED", "STARTED"], 240)
            time.sleep(ROUND)
            assert states() == ["QUEUED", "STARTED"]
            assert any("warehouse belongs to the test" in site.told(one) for one in together)
        ended = {site.ended(one): one for one in together}
        if long:  # the demo's files are old by the schedule's day, and old files are not published
            assert "dagster/schedule_name" in ended.pop(Status.FAILURE).tags
        assert list(ended) == [Status.SUCCESS]
        (_, end), (begin, _) = sorted(map(site.times, together))
        assert end <= begin, "one after the other"

        # A run that is at work is cancelled while another waits for it.
        site.hold.touch()
        site.send()
        cancelled = site.next_run(2)
        site.at_work(cancelled)
        assert page.own(page.launch_run).data["launchRun"]["__typename"] == "LaunchRunSuccess"
        killed = site.next_run(3)
        wait_until(lambda: site.status(killed) is Status.QUEUED, 60)
        builds = site.dbt()
        assert page.own(page.terminate_run(cancelled.run_id)).data["terminateRun"] == {
            "__typename": "TerminateRunSuccess"
        }
        assert site.ended(cancelled) is Status.CANCELED
        wait_until(lambda: not any(map(lives, builds)), 60)

        # The one that waited is killed. It is repeated once, by itself.
        os.kill(site.at_work(killed), signal.SIGKILL)
        figure("s until a killed run was seen to be dead", round(wait_until(
            lambda: site.status(killed) is Status.FAILURE, 240)))  # fmt: skip
        repeated = site.next_run(4)
        assert repeated.parent_run_id == killed.run_id
        site.at_work(repeated)
        site.hold.unlink()
        assert site.ended(repeated) is Status.SUCCESS
        time.sleep(ROUND)
        assert len(site.runs()) == 5, "nothing else was started"
    figure("runs of a live daemon", 5)
    if long:
        check_published(site, repeated, tmp_path / "calm")


def check_published(site: Site, last: dg.DagsterRun, calm: Path) -> None:
    """Its release is the last run's, and the marts are those of one run without any trouble."""
    check_books(site.settings.warehouse)
    published = site.settings.published_file.resolve(strict=True)
    assert last.run_id.replace("-", "")[:12] in published.name
    shutil.copytree(site.settings.extracts_dir, calm / "extracts")
    new_home(calm)
    environment = environment_of(calm)
    run(*REFRESH, environment={**os.environ, **environment})
    found = differences(published, load_settings(environment).published_file.resolve())
    assert {difference.split(":")[0] for difference in found} <= OF_PUBLICATIONS, found
