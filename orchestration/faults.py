"""Faults of the machine: which pass by themselves, and what a person can do about the others."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from orchestration.settings import PROJECT_DIR, Settings

_PASSING = (
    "could not set lock on file",
    "conflicting lock is held",
    "resource temporarily unavailable",
    "input/output error",
)

# The last one is DuckDB's own limit for what it spills: the room that the disk had.
_FULL = (
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "max_temp_directory_size",
)

_HELD = re.compile(
    r'lock on file \\?"(?P<file>[^"\\]+)\\?"[^"]*?lock is held in'
    r" (?P<program>.*?) ?\(PID (?P<pid>\d+)\)"
)


def is_passing_trouble(message: str) -> bool:
    """True for a lock held by another process or a failing disk, which are worth another try.

    A failed test or a wrong model is never worth one: it fails again and hides the reason. Nor is a
    full disk: it stays full until a person makes room.
    """
    text = message.lower()
    return any(sign in text for sign in _PASSING) and not is_disk_full(text)


def is_disk_full(message: str) -> bool:
    """True where a message of the system, of DuckDB or of dbt says that a disk took no more."""
    text = message.lower()
    return any(sign in text for sign in _FULL)


def told(error: BaseException) -> str:
    """The messages of an error and of those that led to it: the cause is rarely the last one."""
    return "\n".join(str(one) for one in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def advice(message: str, settings: Settings) -> str | None:
    """What happened and what to do now, for a held warehouse or a full disk; None for the rest."""
    if is_disk_full(message):
        name, folder = _full_folder(message, settings)
        usage = shutil.disk_usage(folder)
        return (
            f"The disk of {folder} is full: {usage.free / 1e6:,.1f} of {usage.total / 1e6:,.1f} MB"
            f" are free. Make room there, or point {name} to a larger disk, and run again. Readers"
            " still have the last release, and what had landed is kept."
        )
    if held := _HELD.search(message):
        program = f" ({held['program']})" if held["program"] else ""
        return (
            f"{held['file']} is held open by process {held['pid']}{program}, which is no run of"
            f" this pipeline. Close it there or end it (kill {held['pid']}), and run again. Readers"
            f" belong on {settings.published_file}, which is never locked."
        )
    return None


def _full_folder(message: str, settings: Settings) -> tuple[str, Path]:
    """The folder that the message names, else the one with the least room; and its variable."""
    environment = os.environ
    places = {
        "KPI_WAREHOUSE": settings.private_dir,
        "KPI_PUBLISHED": settings.published_dir,
        "DBT_TARGET_PATH": PROJECT_DIR / environment.get("DBT_TARGET_PATH", "target"),
        "DAGSTER_HOME": Path(environment.get("DAGSTER_HOME", PROJECT_DIR)),
        "TMPDIR": Path(tempfile.gettempdir()),
    }
    existing = {name: folder for name, folder in places.items() if folder.is_dir()}
    named = [name for name, folder in existing.items() if str(folder) in message]
    least = min(existing, key=lambda name: shutil.disk_usage(existing[name]).free)
    # Of two that are named the inner one: the folder of releases may lie below another.
    chosen = max(named, key=lambda name: len(str(existing[name])), default=least)
    return chosen, existing[chosen]
