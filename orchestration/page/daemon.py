"""Dagster's daemon that ends when the page does: its standard input closes, however the page ended.

Takes the workspace file as its only argument. Started by the page.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from dagster._daemon.cli import run_command

_GRACE_SECONDS = 30


def main() -> None:
    threading.Thread(target=_end_with_the_page, daemon=True).start()
    run_command(["--workspace", sys.argv[1]])


def _end_with_the_page() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
