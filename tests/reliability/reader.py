"""A reader that opens the published file again and again, as a dashboard does.

    python -m tests.reliability.reader <published file>

Reads until its input ends, then writes one JSON object: how often it read, what it saw (release,
as_of date, cells, a digest of them) and how often, and each error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.settings import PROJECT_DIR

PAUSE = 0.02  # seconds

SEEN = """
select
    (select release from scorecard.publication),
    (select as_of_date::varchar from scorecard.publication),
    count(*)::varchar,
    sum(hash(c)::hugeint)::varchar
from scorecard.kpi_values as c
"""


@dataclass(frozen=True)
class Seen:
    """One state of the published file."""

    release: str
    as_of_date: str
    cells: str
    digest: str


def look(published: Path) -> Seen:
    """What a reader sees now."""
    with duckdb.connect(str(published), read_only=True) as con:
        row = con.execute(SEEN).fetchone()
    assert row is not None
    return Seen(*row)


class Reader:
    """The reader in a process of its own."""

    def __init__(self, published: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.reader", str(published)],
            cwd=PROJECT_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> tuple[dict[Seen, int], list[str]]:
        """How often it saw what, and its errors."""
        output, _ = self.process.communicate("", timeout=60)
        told = json.loads(output)
        return {Seen(*seen): count for *seen, count in told["seen"]}, told["errors"]


def main() -> None:
    published = Path(sys.argv[1])
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    seen: Counter[Seen] = Counter()
    errors = []
    while not stop.wait(PAUSE):
        try:
            seen[look(published)] += 1
        except (duckdb.Error, OSError) as error:
            errors.append(f"{type(error).__name__}: {error}")
    rows = [[s.release, s.as_of_date, s.cells, s.digest, count] for s, count in seen.items()]
    print(json.dumps({"seen": rows, "errors": errors}))


if __name__ == "__main__":
    main()
