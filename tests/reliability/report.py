"""docs/reliability.md: what is promised, how each promise is tested, and what a long run gave."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

PROMISES = Path(__file__).with_name("promises.yml")

_HEAD = """# Reliability

What the pipeline promises, how each promise is tested, and what one full `make test-long` gave.
`make test` runs the same tests in a small form. Written by `make test-long`; what is promised and
how it is tested stands in [promises.yml](../tests/reliability/promises.yml).

The run: {tests} tests, {failed} failed, {minutes} minutes of test time on {cores} cores.

| | promise | how it is tested | tests | the long run |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Outcome:
    """One test of a promise: passed, failed or skipped, in seconds, with the figures it told."""

    promise: int
    test: str
    outcome: str
    seconds: float
    figures: tuple[str, ...]


def write_page(target: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the page; a promise without a test shows as not tested."""
    promises = yaml.safe_load(PROMISES.read_text(encoding="utf-8"))
    tests = {outcome.test: outcome for outcome in outcomes}
    head = _HEAD.format(
        tests=len(tests),
        failed=sum(outcome.outcome != "passed" for outcome in tests.values()),
        minutes=round(sum(outcome.seconds for outcome in tests.values()) / 60),
        cores=os.cpu_count(),
    )
    rows = [
        _row(number, entry, [o for o in outcomes if o.promise == number])
        for number, entry in promises.items()
    ]
    target.write_text(head + "".join(rows), encoding="utf-8")


def _name(test: str) -> str:
    """A test without its file, and without the group that it ran in."""
    return test.split("::", 1)[1].rsplit("@", 1)[0]


def _row(number: int, entry: dict[str, str], outcomes: Sequence[Outcome]) -> str:
    bad = [outcome for outcome in outcomes if outcome.outcome != "passed"]
    verdict = f"{len(outcomes) - len(bad)} passed"
    if bad:
        verdict += "; " + ", ".join(f"{o.outcome}: {_name(o.test)}" for o in bad)
    if not outcomes:
        verdict = "not tested"
    figures = [figure for outcome in outcomes for figure in outcome.figures]
    told = "; ".join([*figures, f"{sum(o.seconds for o in outcomes):,.0f} s"])
    cells = [str(number), entry["promise"], entry["how"], verdict, told]
    return "| " + " | ".join(cell.replace("|", "\\|").strip() for cell in cells) + " |\n"
