"""Refuses what a foreign web page makes a browser send to Dagster's page.

Dagster's web server asks for no login and takes a mutation from any page that is open in the same
browser, also from one whose own name is made to lead here (DNS rebinding). The guard stands before
all of it: GraphQL, web sockets, logs, debug files and the endpoints that report materializations.
What a browser tells of a request: https://www.w3.org/TR/fetch-metadata and RFC 6454 (Origin).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1


@dataclass(frozen=True)
class Callers:
    """Hosts the page answers to and origins it takes requests from, both in lower case."""

    hosts: frozenset[str]
    origins: frozenset[str]


@dataclass(frozen=True)
class Refusal:
    """Status of HTTP, and what the person who sees it can do."""

    status: int
    reason: str


def callers_of(port: int, proxy_names: Iterable[str]) -> Callers:
    """This machine's names with the port, over HTTP, and those of a reverse proxy, over HTTPS."""
    own = [f"{name}:{port}" for name in _LOOPBACK_NAMES]
    proxies = [name.lower() for name in proxy_names]
    return Callers(
        hosts=frozenset(own + proxies),
        origins=frozenset([f"http://{host}" for host in own] + [f"https://{n}" for n in proxies]),
    )


class Guard:
    """ASGI application that passes on to `app` what comes from the page itself."""

    def __init__(self, app: ASGIApp, callers: Callers) -> None:
        self.app = app
        self.callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refused = refusal(scope, self.callers)
        if refused is None:
            await self.app(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await WebSocketClose(_POLICY_VIOLATION, refused.reason)(scope, receive, send)
        else:
            await PlainTextResponse(refused.reason + "\n", refused.status)(scope, receive, send)


def refusal(scope: Scope, callers: Callers) -> Refusal | None:
    """Why a request is not passed on; None if it is. `scope` is ASGI's, http or websocket."""
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    if len(hosts) != 1 or hosts[0].lower() not in callers.hosts:
        return Refusal(
            421,
            f"This page does not answer to the name {', '.join(hosts) or 'of nobody'}. Open it by "
            f"one of: {', '.join(sorted(callers.hosts))}. The name of a reverse proxy is set in "
            "KPI_PAGE_HOSTS.",
        )
    for origin in headers.getlist("origin"):
        if origin.lower() not in callers.origins:
            return Refusal(403, f"Requests from {origin} are not taken, only from the page itself.")
    if not set(headers.getlist("sec-fetch-site")) <= {"same-origin", "none"} and not _is_visit(
        scope, headers
    ):
        return Refusal(403, "Requests that another site makes are not taken.")
    return None if scope["type"] == "websocket" else _form_refusal(scope, headers)


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Whether somebody follows a link to the page: it changes nothing and shows no site a thing."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and headers.getlist("sec-fetch-mode") == ["navigate"]
        and headers.getlist("sec-fetch-dest") == ["document"]
    )


def _form_refusal(scope: Scope, headers: Headers) -> Refusal | None:
    """Refuses what a browser sends for any page without asking first: queries by URL and forms."""
    if scope["method"] in ("GET", "HEAD"):
        if scope["path"] == "/graphql" and scope["query_string"]:
            return Refusal(405, "GraphQL is taken by POST alone.")
        return None
    kinds = [kind.split(";")[0].strip().lower() for kind in headers.getlist("content-type")]
    if kinds != ["application/json"]:
        return Refusal(415, "Send JSON, with the header Content-Type: application/json.")
    return None


def _unframed(send: Send) -> Send:
    """Says to browsers that no other site may show the page inside its own (clickjacking)."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["X-Frame-Options"] = "DENY"
        await send(message)

    return send_on
