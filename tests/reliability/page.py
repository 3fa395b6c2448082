"""Dagster's page in a process of its own, as `make dev` and `make view` open it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import dagster as dg
import psutil

from orchestration.settings import PROJECT_DIR
from tests.environment import environment_of

SMALL = "tests.reliability.page_definitions"
REAL = "orchestration.definitions"
ASSET = dg.AssetKey(["landing", "standard"])
JSON = {"Content-Type": "application/json"}
SECRET = "s3cret-canary-of-the-environment"


@dataclass(frozen=True)
class Answer:
    """Status and body of an answer of HTTP."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.body)["data"])


class Page:
    """A running page: its process, its port, its instance of Dagster, and what it printed."""

    def __init__(self, definitions: str, process: psutil.Popen, port: int, home: Path) -> None:
        self.location = definitions
        self.process = process
        self.port = port
        self.home = home
        self.log = home.parent / f"page_{port}.log"
        self.instance = dg.DagsterInstance.from_config(str(home))

    def ready(self) -> Page:
        """Waits until the page answers and its definitions are loaded."""
        begun = time.monotonic()
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() - begun < 400, self.log.read_text()
            with suppress(OSError):
                if self.request("GET", "/server_info").status == 200:
                    return self
            time.sleep(0.2)

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
    ) -> Answer:
        headers = {"Host": f"127.0.0.1:{self.port}"} | (headers or {})
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())

    def own(self, query: str) -> Answer:
        """What the page itself sends when somebody clicks."""
        headers = {
            "Origin": f"http://127.0.0.1:{self.port}",
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "cors",
        }
        return self.request("POST", "/graphql", headers | JSON, json.dumps({"query": query}))

    def selector(self, **more: str) -> str:
        names = {"repositoryLocationName": self.location, "repositoryName": "__repository__"}
        return "{" + ", ".join(f'{k}: "{v}"' for k, v in (names | more).items()) + "}"

    @property
    def start_schedule(self) -> str:
        selector = self.selector(scheduleName="daily_refresh")
        return f"mutation {{startSchedule(scheduleSelector: {selector}) {{__typename}}}}"

    @property
    def launch_run(self) -> str:
        params = f"{{selector: {self.selector(jobName='refresh')}}}"
        return f"mutation {{launchRun(executionParams: {params}) {{__typename}}}}"

    @property
    def start_sensor(self) -> str:
        selector = self.selector(sensorName="new_extracts")
        return f"mutation {{startSensor(sensorSelector: {selector}) {{__typename}}}}"

    def terminate_run(self, run_id: str) -> str:
        return f'mutation {{terminateRun(runId: "{run_id}") {{__typename}}}}'

    @property
    def happened(self) -> tuple[int, int, bool]:
        """Runs, schedules that are on, and whether the asset has been materialized."""
        states = self.instance.all_instigator_state()
        return (
            self.instance.get_runs_count(),
            sum(state.status.value == "RUNNING" for state in states),
            self.instance.get_latest_materialization_event(ASSET) is not None,
        )

    def tree(self) -> list[psutil.Process]:
        """The living: the page's process and all that it has started; none once it has ended."""
        if self.process.poll() is not None:
            return []
        family = [psutil.Process(self.process.pid), *self.process.children(recursive=True)]
        return [process for process in family if lives(process)]

    def told(self, ask: Callable[[psutil.Process], list[Any]]) -> list[tuple[psutil.Process, Any]]:
        """What each process of the page answers; one that ends before it could says nothing."""
        answers = []
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):  # a zombie, too
                answers += [(process, answer) for answer in ask(process)]
        return answers


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def started(command: list[str], definitions: str, home: Path, port: int) -> Iterator[Page]:
    """A process that serves the page, and that ends with all its own; it may not answer yet."""
    folder = home.parent
    environment = {
        **os.environ,
        **environment_of(folder),
        "KPI_PAGE_PORT": str(port),
        "KPI_VIEW_PORT": str(port),
        "KPI_PAGE_HOSTS": "kpis.example",
        "DBT_PROFILES_DIR": str(PROJECT_DIR),
        "KPI_CRM_TOKEN": SECRET,
    }
    with (folder / f"page_{port}.log").open("wb") as output:
        process = psutil.Popen(
            command, cwd=PROJECT_DIR, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    page = Page(definitions, process, port, home)
    try:
        yield page
    finally:
        for each in reversed(page.tree()):
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait()
        page.instance.dispose()


def opened(what: str, definitions: str, home: Path) -> AbstractContextManager[Page]:
    """The page of `make dev` (open_page) or of `make view` (open_view)."""
    program = f"from orchestration.page.server import {what}; {what}({definitions!r})"
    return started([sys.executable, "-c", program], definitions, home, free_port())


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def finished(page: Page, run_id: str) -> str:
    """How a run has ended; empty while it has not."""
    run = page.instance.get_run_by_id(run_id)
    assert run is not None
    return run.status.value if run.is_finished else ""


def wait_until(condition: Callable[[], bool], seconds: float) -> float:
    """Seconds until the condition held. Raises AssertionError if it never did."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "it did not happen"
        time.sleep(0.2)
    return time.monotonic() - begun
