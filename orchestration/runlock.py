"""One run at a time: a lock that the kernel takes back when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestration.settings import Settings

_POLL_SECONDS = 0.5


@contextmanager
def run_lock(settings: Settings, who: str, say: Callable[[str], None]) -> Iterator[str | None]:
    """Hold the run lock of a warehouse; wait for it, and `say` who has it, while another does.

    `who` is one line that tells others who the holder is. Yields the `who` of a holder that died
    without giving the lock back, None if there is none. The wait has no end: the holder is a living
    process, which can be looked at or ended.

    The lock lies on `run.lock` in the private folder and goes with the process, however that ends.
    A process that is started meanwhile does not inherit it.
    """
    settings.private_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(lock_file(settings), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        before = None
        while not _locked(descriptor):
            if (holder := _note(descriptor)) != before:
                say(f"waits for its turn: the warehouse belongs to {holder}")
                before = holder
            time.sleep(_POLL_SECONDS)
        died = _note(descriptor)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        _write(descriptor, f"{who}, process {os.getpid()} since {started}")
        try:
            yield died
        finally:
            _write(descriptor, "")
    finally:
        os.close(descriptor)


def dead_holder(settings: Settings) -> str | None:
    """The `who` line of a holder that has died and that nobody has followed yet, else None."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(lock_file(settings), os.O_RDWR)
        try:
            return _note(descriptor) if _locked(descriptor) else None
        finally:
            os.close(descriptor)
    return None


def lock_file(settings: Settings) -> Path:
    """The file that the lock lies on; its text says who holds it, and nothing once given back."""
    return settings.private_dir / "run.lock"


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _note(descriptor: int) -> str | None:
    return os.pread(descriptor, 500, 0).decode("utf-8", "replace").strip() or None


def _write(descriptor: int, note: str) -> None:
    # The lock holds without its note; a full disk is found where it matters.
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, note.encode(), 0)
