"""Dagster's page lets in nobody it should not, and secrets are written nowhere.

The attacks are tried on the page as `make dev` and `make view` open it, in processes of their own.
That they would have worked is shown by the same requests from the page's own origin, and in the
long form by trying them on Dagster's bare web server.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dagster as dg
import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from orchestration.page.server import open_page, open_view
from tests.environment import new_home
from tests.reliability.page import (
    JSON,
    REAL,
    SECRET,
    SMALL,
    Answer,
    Page,
    finished,
    free_port,
    lives,
    opened,
    started,
    wait_until,
)

pytestmark = pytest.mark.promise(14)

EVIL = "https://evil.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def definitions(request: pytest.FixtureRequest) -> str:
    """The module that the page serves: the project's own in the long form."""
    return REAL if request.config.getoption("--long") else SMALL


@pytest.fixture(scope="module")
def pages(
    tmp_path_factory: pytest.TempPathFactory, definitions: str
) -> Iterator[tuple[Page, Page]]:
    """The page of `make dev` and that of `make view`, on one instance."""
    home = new_home(tmp_path_factory.mktemp("page"))
    with (
        opened("open_page", definitions, home) as page,
        opened("open_view", definitions, home) as v,
    ):
        yield page.ready(), v.ready()


@pytest.fixture
def page(pages: tuple[Page, Page]) -> Page:
    return pages[0]


@pytest.fixture
def view(pages: tuple[Page, Page]) -> Page:
    return pages[1]


@pytest.fixture(scope="module")
def run_id(pages: tuple[Page, Page], definitions: str) -> str:
    """A run of one asset that the page has been asked for, and that the daemon has carried out."""
    page = pages[0]
    job = "refresh" if definitions == SMALL else "__ASSET_JOB"
    selector = (
        page.selector(jobName=job)[:-1] + ', assetSelection: [{path: ["landing", "standard"]}]}'
    )
    query = (
        f"mutation {{launchRun(executionParams: {{selector: {selector}}})"
        " {__typename ... on LaunchRunSuccess {run {runId}}}}"
    )
    run_id = str(page.own(query).data["launchRun"]["run"]["runId"])
    wait_until(lambda: bool(finished(page, run_id)), 240)
    assert finished(page, run_id) == "SUCCESS"
    return run_id


# The attacks --------------------------------------------------------------------------------------


Attack = Callable[[Page, str], Answer]


def by_url(page: Page, mutation: str) -> Answer:
    """An image or a link in a foreign page."""
    return page.request("GET", "/graphql?" + urlencode({"query": mutation}), {"Origin": EVIL})


def by_url_without_origin(page: Page, mutation: str) -> Answer:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    return page.request("GET", "/graphql?" + urlencode({"query": mutation}), headers)


def by_link(page: Page, mutation: str) -> Answer:
    """A link that somebody follows, in a browser that says no more about it."""
    return page.request("GET", "/graphql?" + urlencode({"query": mutation}))


def by_form(page: Page, mutation: str) -> Answer:
    path = "/graphql?" + urlencode({"query": mutation})
    return page.request("POST", path, FORM | {"Origin": EVIL}, "a=b")


def by_plain_text(page: Page, mutation: str) -> Answer:
    """What a browser sends without asking first, and does not always name an origin for."""
    path = "/graphql?" + urlencode({"query": mutation})
    return page.request("POST", path, {"Content-Type": "text/plain"}, "x")


def by_disguised_json(page: Page, mutation: str) -> Answer:
    """Plain text to a browser, JSON to who searches the header for the word."""
    kind = {"Content-Type": "text/plain; application/json"}
    return page.request("POST", "/graphql", kind, json.dumps({"query": mutation}))


def by_script(page: Page, mutation: str) -> Answer:
    body = json.dumps({"query": mutation})
    return page.request("POST", "/graphql", JSON | {"Origin": EVIL}, body)


def by_neighbour(page: Page, mutation: str) -> Answer:
    """Another web page of this machine, on another port."""
    headers = JSON | {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-site"}
    return page.request("POST", "/graphql", headers, json.dumps({"query": mutation}))


def by_rebinding(page: Page, mutation: str) -> Answer:
    """A foreign name that has been made to lead to this machine is its own origin."""
    name = f"evil.example:{page.port}"
    headers = JSON | {"Host": name, "Origin": f"http://{name}", "Sec-Fetch-Site": "same-origin"}
    return page.request("POST", "/graphql", headers, json.dumps({"query": mutation}))


MUTATING = [
    (by_url, 403), (by_url_without_origin, 403), (by_link, 405), (by_form, 403),
    (by_plain_text, 415), (by_disguised_json, 415), (by_script, 403), (by_neighbour, 403),
    (by_rebinding, 421),
]  # fmt: skip


def report_by_form(page: Page, _: str) -> Answer:
    path = "/report_asset_materialization/landing/standard"
    return page.request("POST", path, FORM | {"Origin": EVIL})


def report_without_origin(page: Page, _: str) -> Answer:
    return page.request("POST", "/report_asset_materialization/landing/standard")


def report_by_rebinding(page: Page, _: str) -> Answer:
    headers = JSON | {"Host": "evil.example"}
    return page.request("POST", "/report_asset_materialization/landing/standard", headers, "{}")


REPORTING = [(report_by_form, 403), (report_without_origin, 415), (report_by_rebinding, 421)]
ATTACKS: list[tuple[Attack, int]] = [*MUTATING, *REPORTING]


def handshake(page: Page, origin: str, host: str = "") -> str:
    """What the web socket of GraphQL says to who comes from an origin. Raises InvalidStatus."""
    with connect(
        f"ws://{host or '127.0.0.1'}:{page.port}/graphql",
        origin=Origin(origin),
        subprotocols=[Subprotocol("graphql-ws")],
        sock=socket.create_connection(("127.0.0.1", page.port)),
    ) as web_socket:
        web_socket.send(json.dumps({"type": "connection_init"}))
        return str(json.loads(web_socket.recv(timeout=30))["type"])


def test_a_foreign_page_can_do_nothing(page: Page, figure: Callable[[str, object], None]) -> None:
    before = page.happened
    for attack, status in ATTACKS:
        for mutation in (page.start_schedule, page.launch_run):
            answer = attack(page, mutation)
            assert answer.status == status, (attack.__name__, answer)
    time.sleep(1)
    assert page.happened == before
    figure("attacks refused", 2 * len(ATTACKS))


def test_a_foreign_page_can_read_nothing(page: Page, view: Page) -> None:
    paths = ("/", "/server_info", "/logs/x", "/download_debug/x", "/notebook", "/runs", "/graphql")
    for each in (page, view):
        for path in paths:
            assert each.request("GET", path, {"Host": "evil.example"}).status == 421
            assert each.request("GET", path, {"Origin": EVIL}).status == 403
            framed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
            framed["Sec-Fetch-Dest"] = "iframe"
            assert each.request("GET", path, framed).status == 403


def test_a_foreign_page_gets_no_web_socket(page: Page, view: Page) -> None:
    for each in (page, view):
        assert handshake(each, f"http://localhost:{each.port}") == "connection_ack"
        own = f"http://evil.example:{each.port}"
        for origin, host in ((EVIL, ""), ("null", ""), (own, "evil.example")):
            with pytest.raises(InvalidStatus) as refused:
                handshake(each, origin, host)
            assert refused.value.response.status_code == 403


def test_the_page_itself_can_do_what_was_refused(page: Page, run_id: str) -> None:
    """Its own requests do the very things, so the attacks would have."""
    assert page.request("GET", "/runs").status == 200
    assert "Dagster" in page.request("GET", "/").text
    started_schedule = page.own(page.start_schedule).data["startSchedule"]["__typename"]
    assert started_schedule == "ScheduleStateResult"
    report = page.request("POST", "/report_asset_materialization/landing/standard", JSON, "{}")
    assert report.status == 200, report
    assert page.happened == (1, 1, True)
    assert page.instance.has_run(run_id)
    proxied = JSON | {"Host": "kpis.example", "Origin": "https://kpis.example"}
    query = json.dumps({"query": "{version}"})
    assert page.request("POST", "/graphql", proxied, query).data["version"] == dg.__version__


# To look at ---------------------------------------------------------------------------------------


def test_viewers_see_and_change_nothing(view: Page) -> None:
    assert view.request("GET", "/").status == 200
    assert view.own("{runsOrError {__typename}}").data["runsOrError"]["__typename"] == "Runs"
    before = view.happened
    selector = view.selector(scheduleName="daily_refresh")
    event = '{assetKey: {path: ["landing", "standard"]}, eventType: ASSET_MATERIALIZATION}'
    mutations = {
        "startSchedule": view.start_schedule,
        "launchRun": view.launch_run,
        "resetSchedule": f"mutation {{resetSchedule(scheduleSelector: {selector}) {{__typename}}}}",
        "reportRunlessAssetEvents":
            f"mutation {{reportRunlessAssetEvents(eventParams: {event}) {{__typename}}}}",
        "wipeAssets": "mutation {wipeAssets(assetPartitionRanges: "
            '[{assetKey: {path: ["landing", "standard"]}}]) {__typename}}',
        "reloadWorkspace": "mutation {reloadWorkspace {__typename}}",
    }  # fmt: skip
    for name, mutation in mutations.items():
        answer = view.own(mutation)
        assert answer.data[name]["__typename"] == "UnauthorizedError", answer
    report = view.request("POST", "/report_asset_materialization/landing/standard", JSON, "{}")
    assert report.status == 401
    for attack, status in ATTACKS:
        assert attack(view, view.launch_run).status == status
    assert view.happened == before


# Where it listens, and how it ends ----------------------------------------------------------------


def test_it_listens_on_this_machine_alone(page: Page, view: Page) -> None:
    for each in (page, view):
        listening = [
            (connection.family, connection.laddr)
            for _, connection in each.told(lambda process: process.net_connections("all"))
            if connection.status == psutil.CONN_LISTEN or _serves(connection)
        ]
        ports = [address for family, address in listening if family == socket.AF_INET]
        assert [tuple(address) for address in ports] == [("127.0.0.1", each.port)]
        assert not [address for family, address in listening if family == socket.AF_INET6]
        sockets = {address for family, address in listening if family == socket.AF_UNIX}
        assert sockets  # of the code server, which would run anything for who can write to it
        for path in sockets:
            assert not os.stat(path).st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _serves(connection: Any) -> bool:
    """A Unix socket with a name; the operating system does not say which of them listen."""
    return connection.family == socket.AF_UNIX and bool(connection.laddr)


def _interrupt(page: Page) -> None:
    page.process.send_signal(signal.SIGINT)


def _stop(page: Page) -> None:
    page.process.terminate()


def _kill(page: Page) -> None:
    page.process.kill()


def _kill_daemon(page: Page) -> None:
    words = page.told(psutil.Process.cmdline)
    (daemon,) = [process for process, word in words if word == "orchestration.page.daemon"]
    daemon.kill()


@pytest.mark.parametrize("end", [_interrupt, _stop, _kill_daemon, _kill])
def test_all_of_it_ends_together(
    end: Callable[[Page], None], tmp_path: Path, long: bool, figure: Callable[[str, object], None]
) -> None:
    """After `kill -9` the code server notices by its missing heartbeat, after up to 45 s."""
    if not long:
        pytest.skip("in the long form; its last test ends a page in the small form, too")
    with opened("open_page", SMALL, new_home(tmp_path)) as page:
        seconds = all_has_ended(page.ready(), end)
        figure(f"s until nothing was left after {end.__name__.strip('_')}", round(seconds))


def all_has_ended(page: Page, end: Callable[[Page], None]) -> float:
    """Seconds until none of the page's processes was left."""
    parts = page.tree()
    assert len(parts) >= 4  # the page, its daemon, the code server and what it serves
    end(page)
    return wait_until(lambda: not any(map(lives, parts)), 240)


@pytest.mark.parametrize(
    ("opens", "variable"), [(open_page, "KPI_PAGE_PORT"), (open_view, "KPI_VIEW_PORT")]
)
def test_a_port_that_is_taken_is_named(
    opens: Callable[[], None], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        monkeypatch.setenv(variable, port)
        with pytest.raises(SystemExit) as ended:
            opens()
    assert f"Port {port} of 127.0.0.1 cannot be had" in str(ended.value)
    assert f"set {variable} to another one" in str(ended.value)


# Secrets ------------------------------------------------------------------------------------------


def test_a_secret_of_the_environment_is_written_nowhere(
    page: Page, run_id: str, definitions: str
) -> None:
    """Searched after a run: Dagster's databases and logs, dbt's, and what was printed."""
    if definitions == SMALL:
        logs = page.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        (materialization,) = [entry.asset_materialization for entry in logs]
        assert materialization is not None
        assert materialization.metadata["length"].value == len(SECRET)  # the run had it
    debug = page.request("GET", f"/download_debug/{run_id}")
    assert debug.status == 200
    (page.home.parent / "debug").write_bytes(gzip.decompress(debug.body))
    written = [path for path in page.home.parent.rglob("*") if path.is_file()]
    assert page.log in written
    holders = {path.name for path in written if run_id.encode() in path.read_bytes()}
    assert {"runs.db", "debug"} <= holders  # what there is to find is found
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


# Without the guard --------------------------------------------------------------------------------


def test_the_bare_web_server_falls_to_it(tmp_path: Path, long: bool) -> None:
    """Why the guard is there. Each way changes something, or a later Dagster has closed it."""
    if not long:
        pytest.skip("in the long form")
    port = free_port()
    command = ["-m", "dagster_webserver", "-m", SMALL, "-p", str(port)]
    with started([sys.executable, *command], SMALL, new_home(tmp_path), port) as bare:
        bare.ready()
        for attack, _ in MUTATING:
            before = bare.happened
            attack(bare, bare.launch_run)
            assert bare.happened[0] == before[0] + 1, attack.__name__
        by_url(bare, bare.start_schedule)
        report_without_origin(bare, "")
        assert bare.happened[1:] == (1, True)
        assert handshake(bare, EVIL) == "connection_ack"


# The end ------------------------------------------------------------------------------------------


def test_the_page_ends_with_its_daemon(page: Page) -> None:
    """Last of all, since the other tests use the page that it ends."""
    all_has_ended(page, _kill_daemon)
    assert page.process.wait() == 1
    assert "Dagster's daemon has ended (-9)" in page.log.read_text()
