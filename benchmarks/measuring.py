"""Wall time and memory of a command with all processes that it starts (Linux: reads /proc)."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.settings import PROJECT_DIR

_INTERVAL = 0.1  # seconds between two looks
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Child:
    """A process below the one that was started, as long as it was seen."""

    command: str
    first_seen: float
    last_seen: float


@dataclass
class Measured:
    """A finished command. Moments are seconds since 1970, memory is resident, in MB.

    Memory is that of all its processes together; pages that two of them share count twice.
    """

    started: float
    ended: float = 0.0
    output: str = ""
    memory: list[tuple[float, float]] = field(default_factory=list)
    children: dict[int, Child] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    def peak(self, start: float = 0.0, end: float = float("inf")) -> float:
        """Most memory at any look between two moments, the look before them included."""
        before = [(at, mb) for at, mb in self.memory if at < start][-1:]
        within = [(at, mb) for at, mb in self.memory if start <= at <= end]
        return max((mb for _, mb in before + within), default=0.0)

    def child(self, word: str) -> Child | None:
        """The child that has a word in its command line; the longest if there are several."""
        found = [c for c in self.children.values() if word in c.command.split()]
        return max(found, key=lambda c: c.last_seen - c.first_seen, default=None)


def measure(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path | None = None
) -> Measured:
    """Run a command from the project folder. Its output goes to `log`, or is returned.

    Raises RuntimeError with the end of the output if the command fails.
    """
    target = log.open("w") if log else subprocess.PIPE
    done = Measured(started=time.time())
    process = subprocess.Popen(
        arguments,
        cwd=PROJECT_DIR,
        env=dict(environment),
        stdout=target,
        stderr=subprocess.STDOUT if log else None,
        text=True,
    )
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, done, over))
    watcher.start()
    done.output = process.communicate()[0] or ""
    done.ended = time.time()
    over.set()
    watcher.join()
    if log:
        done.output = log.read_text("utf-8")
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments[:4])} failed:\n{done.output[-4000:]}")
    return done


def _watch(root: int, done: Measured, over: threading.Event) -> None:
    while not over.wait(_INTERVAL):
        now = time.time()
        family = _family(root)
        done.memory.append((now, sum(_resident(pid) for pid in family)))
        for pid in family - {root}:
            child = done.children.setdefault(pid, Child("", now, now))
            # A process that was just forked still bears its parent's command line.
            child.command, child.last_seen = _command(pid) or child.command, now


def _family(root: int) -> set[int]:
    """A process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue  # it has just ended
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry))
    family, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        family.add(pid)
        waiting += children.get(pid, [])
    return family


def _resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6
    except (OSError, IndexError):
        return 0.0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""
