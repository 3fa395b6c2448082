"""What the guard of Dagster's page decides, case by case; that it stands there, test_page shows."""

from __future__ import annotations

import pytest
from starlette.types import Scope

from orchestration.page.guard import callers_of, refusal
from orchestration.settings import load_page_settings

pytestmark = pytest.mark.promise(14)

EVIL = "https://evil.example"
CALLERS = callers_of(3000, ["kpis.example", "KPIS.example:8443"])
VISIT = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def asked(kind: str, method: str, target: str, *headers: tuple[str, str]) -> int | None:
    """The status that a request is refused with; None if it is passed on."""
    path, _, query = target.partition("?")
    scope: Scope = {"type": kind, "path": path, "query_string": query.encode(), "method": method}
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in headers]
    refused = refusal(scope, CALLERS)
    return refused.status if refused else None


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:3000", None), ("localhost:3000", None), ("[::1]:3000", None),
        ("LocalHost:3000", None), ("kpis.example", None), ("kpis.example:8443", None),
        ("localhost", 421), ("127.0.0.1:3001", 421), ("127.0.0.1", 421), ("", 421),
        ("evil.example", 421), ("evil.example:3000", 421), ("localhost:3000.evil.example", 421),
        ("localhost.evil.example:3000", 421), ("kpis.example.", 421), ("x.kpis.example", 421),
        ("evil.example@localhost:3000", 421), ("127.0.0.1:3000 ", 421), ("0.0.0.0:3000", 421),
    ],
)  # fmt: skip
def test_hosts(host: str, status: int | None) -> None:
    assert asked("http", "GET", "/runs", ("host", host)) == status
    assert asked("websocket", "GET", "/graphql", ("host", host)) == status


def test_a_request_has_one_host() -> None:
    assert asked("http", "GET", "/") == 421
    twice = [("host", "localhost:3000"), ("host", "evil.example")]
    assert asked("http", "GET", "/", *twice) == 421
    assert asked("http", "GET", "/", *twice[::-1]) == 421


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:3000", None), ("http://localhost:3000", None),
        ("http://[::1]:3000", None), ("https://kpis.example", None),
        ("https://kpis.example:8443", None),
        ("null", 403), ("", 403), ("http://127.0.0.1:3001", 403), ("http://127.0.0.1", 403),
        ("https://127.0.0.1:3000", 403), ("http://kpis.example", 403), (EVIL, 403),
        ("http://localhost:3000.evil.example", 403), ("https://evil.kpis.example", 403),
        ("https://kpis.example.evil.example", 403), ("file://", 403),
    ],
)  # fmt: skip
def test_origins(origin: str, status: int | None) -> None:
    own = [("host", "localhost:3000"), ("origin", origin)]
    assert asked("http", "POST", "/graphql", *own, ("content-type", "application/json")) == status
    assert asked("http", "GET", "/logs/x", *own) == status
    assert asked("websocket", "GET", "/graphql", *own) == status
    good = ("origin", "http://localhost:3000")
    assert asked("websocket", "GET", "/graphql", own[0], good, own[1]) == status


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, None), ({"sec-fetch-site": "same-site"}, None),
        ({"sec-fetch-dest": "iframe"}, 403), ({"sec-fetch-dest": "image"}, 403),
        ({"sec-fetch-dest": "object"}, 403), ({"sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-mode": "cors"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "none, cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-mode": "websocket"}, 403),
        ({"sec-fetch-site": "same-origin", "sec-fetch-dest": "iframe"}, None),
        ({"sec-fetch-site": "none", "sec-fetch-mode": "cors"}, None),
    ],
)  # fmt: skip
def test_what_another_site_may_make_a_browser_ask(
    changed: dict[str, str], status: int | None
) -> None:
    headers = [("host", "localhost:3000"), *(VISIT | changed).items()]
    assert asked("http", "GET", "/runs/1", *headers) == status


def test_a_visit_is_no_post_and_no_web_socket() -> None:
    visit = [("host", "localhost:3000"), *VISIT.items()]
    as_json = ("content-type", "application/json")
    assert asked("http", "POST", "/graphql", *visit, as_json) == 403
    assert asked("websocket", "GET", "/graphql", *visit) == 403


@pytest.mark.parametrize(
    ("method", "target", "kind", "status"),
    [
        ("GET", "/graphql", None, None),  # the playground, which posts
        ("GET", "/graphql?query=x", None, 405), ("HEAD", "/graphql?query=x", None, 405),
        ("GET", "/runs?view=all", None, None),
        ("POST", "/graphql", "application/json", None),
        ("POST", "/graphql", "Application/JSON; charset=utf-8", None),
        ("POST", "/graphql", None, 415), ("POST", "/graphql", "text/plain", 415),
        ("POST", "/graphql", "multipart/form-data", 415),
        ("POST", "/graphql", "application/x-www-form-urlencoded", 415),
        ("POST", "/graphql", "text/plain; application/json", 415),
        ("POST", "/graphql", "application/graphql", 415),
        ("POST", "/report_asset_check/x", "text/plain", 415),
        ("PUT", "/graphql", None, 415), ("OPTIONS", "/graphql", None, 415),
    ],
)  # fmt: skip
def test_forms_of_requests(method: str, target: str, kind: str | None, status: int | None) -> None:
    headers = [("host", "localhost:3000")] + ([("content-type", kind)] if kind else [])
    assert asked("http", method, target, *headers) == status


def test_settings_of_the_page() -> None:
    assert load_page_settings({}).hosts == ()
    assert (load_page_settings({}).port, load_page_settings({}).view_port) == (3000, 3001)
    named = load_page_settings({"KPI_PAGE_HOSTS": " kpis.example, ,b.example:8443"})
    assert named.hosts == ("kpis.example", "b.example:8443")
