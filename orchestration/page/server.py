"""Opens Dagster's page on this machine's loopback address, behind the guard.

Dagster's own commands leave no place for a guard, so this does what `dagster dev` does with the
parts it is made of: one code server, the web application, the daemon.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
import yaml
from dagster import DagsterInstance
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._cli.utils import get_instance_for_cli
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.cli import (
    DEFAULT_DB_STATEMENT_TIMEOUT,
    DEFAULT_POOL_MAX_OVERFLOW,
    DEFAULT_POOL_RECYCLE,
)
from dagster_webserver.version import __version__
from starlette.types import ASGIApp

from orchestration.page.guard import Guard, callers_of
from orchestration.settings import PROJECT_DIR, load_page_settings

_ADDRESS = "127.0.0.1"
_DEFINITIONS = "orchestration.definitions"
_GRACE_SECONDS = 30  # for the daemon to finish what it is at
_CONNECTION_SECONDS = 3  # for open connections, whose browsers come back by themselves


def open_page(definitions: str = _DEFINITIONS) -> None:
    """The page for those who run the pipeline, with the daemon, until either ends or Ctrl-C.

    `definitions` is the module that Dagster loads. Raises SystemExit if the port is taken or the
    daemon has died.
    """
    settings = load_page_settings()
    with (
        _until_interrupted(),
        _listening(settings.port, "KPI_PAGE_PORT") as listener,
        get_instance_for_cli() as instance,
        _code_server(instance, definitions) as workspace,
        _daemon(workspace) as daemon,
        _application(instance, workspace, read_only=False) as application,
    ):
        server = _server(application, settings.port, settings.hosts)
        threading.Thread(target=_end_with, args=(daemon, server), daemon=True).start()
        print(f"The page is open on http://{_ADDRESS}:{settings.port}", flush=True)
        server.run(sockets=[listener])
        if daemon.poll() is not None:
            raise SystemExit(f"Dagster's daemon has ended ({daemon.returncode}), so the page has.")


def open_view(definitions: str = _DEFINITIONS) -> None:
    """The page for those who only look: Dagster refuses every mutation. Has no daemon.

    `definitions` is the module that Dagster loads. Raises SystemExit if the port is taken.
    """
    settings = load_page_settings()
    with (
        _until_interrupted(),
        _listening(settings.view_port, "KPI_VIEW_PORT") as listener,
        get_instance_for_cli() as instance,
        _code_server(instance, definitions) as workspace,
        _application(instance, workspace, read_only=True) as application,
    ):
        server = _server(application, settings.view_port, settings.hosts)
        print(f"The page to look at is open on http://{_ADDRESS}:{settings.view_port}", flush=True)
        server.run(sockets=[listener])


@contextmanager
def _until_interrupted() -> Iterator[None]:
    """Makes an orderly end of Ctrl-C, of a service manager's stop and of a closed terminal."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    except KeyboardInterrupt:
        print("The page is closed.", flush=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listening(port: int, variable: str) -> Iterator[socket.socket]:
    try:
        listener = socket.create_server((_ADDRESS, port))
    except OSError as error:
        raise SystemExit(
            f"Port {port} of {_ADDRESS} cannot be had ({error.strerror}); close what uses it, or "
            f"set {variable} to another one."
        ) from error
    with listener:
        yield listener


@contextmanager
def _code_server(instance: DagsterInstance, definitions: str) -> Iterator[Path]:
    """Serves the definitions on a Unix socket; yields the workspace file that names it.

    If this process is killed, the code server ends by itself, since nobody asks for it any more.
    """
    target = ModuleTarget(
        definitions, attribute=None, working_directory=str(PROJECT_DIR), location_name=None
    )
    with (
        ProxyServerManager(instance, target, code_server_log_level="warning") as servers,
        TemporaryDirectory() as folder,
    ):
        workspace = Path(folder) / "workspace.yaml"
        workspace.write_text(
            yaml.safe_dump({"load_from": servers.get_code_server_specs()}), encoding="utf-8"
        )
        yield workspace


@contextmanager
def _daemon(workspace: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Schedules, sensors and the queue of runs. It lives as long as its standard input is open,
    so it ends with this process however that ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.page.daemon", str(workspace)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches it through this process alone
        cwd=PROJECT_DIR,
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _end_with(daemon: subprocess.Popen[bytes], server: uvicorn.Server) -> None:
    daemon.wait()
    server.should_exit = True


@contextmanager
def _application(instance: DagsterInstance, workspace: Path, read_only: bool) -> Iterator[ASGIApp]:
    """Dagster's own web application, as `dagster-webserver` makes it."""
    instance.optimize_for_webserver(
        DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW
    )
    with WorkspaceProcessContext(
        instance,
        WorkspaceFileTarget([str(workspace)]),
        version=__version__,
        read_only=read_only,
    ) as context:
        yield create_app_from_workspace_process_context(context)


def _server(application: ASGIApp, port: int, hosts: tuple[str, ...]) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            Guard(application, callers_of(port, hosts)),
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_CONNECTION_SECONDS,
        )
    )
