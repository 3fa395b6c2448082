"""`python -m tests.mutants`: break the models, count what a test notices, write docs/mutants.md.

Files of the run lie in target/mutants; results.json there holds every mutant and its fate.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestration.settings import PROJECT_DIR
from tests.mutants import oracle, report, runner
from tests.mutants.mutants import read_equivalents
from tests.mutants.runner import Choice, Result
from tests.mutants.session import Verdict

PAGE = PROJECT_DIR / "docs/mutants.md"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the run was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--per-model", type=int, default=6, help="mutants of a model; 0 is all")
    parser.add_argument("--seed", type=int, default=0, help="another seed chooses other mutants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--areas", default=",".join(Choice.areas), help="folders of models")
    parser.add_argument("--models", default="", help="these models only, with commas")
    parser.add_argument("--companies", default="leap,new_york", help="for the oracle's round")
    parser.add_argument("--folder", type=Path, default=PROJECT_DIR / "target/mutants")
    parser.add_argument("--keep", action="store_true", help="use the empty warehouse of before")
    parser.add_argument(
        "--again", action="store_true", help="of the last run, only those that no unit test killed"
    )
    parser.add_argument("--write", action="store_true", help="write docs/mutants.md")
    return parser.parse_args(given)


class Progress:
    """Says how far the run is, and names each survivor."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.done = self.valid = self.killed = 0

    def __call__(self, result: Result) -> None:
        self.done += 1
        self.valid += result.verdict != Verdict.INVALID
        self.killed += result.verdict in (Verdict.KILLED, Verdict.ERROR)
        if result.verdict == Verdict.SURVIVED:
            mutant = result.mutant
            print(f"survived {mutant.id} {result.path}:{mutant.line} {mutant.operator}")
            print(f"    {mutant.before}\n  → {mutant.after}", flush=True)
        if self.done % 100 == 0:
            seconds = time.monotonic() - self.started
            print(
                f"{self.done} mutants, {self.killed} of {self.valid} valid ones killed,"
                f" {seconds:.0f} s",
                flush=True,
            )


def main(given: Sequence[str] | None = None) -> None:
    """Both rounds and the report."""
    options = arguments(given)
    choice = Choice(
        per_model=options.per_model,
        seed=options.seed,
        areas=tuple(options.areas.split(",")),
        models=tuple(filter(None, options.models.split(","))),
    )
    started = time.monotonic()
    base: Path = options.folder / "base"
    if not (options.keep and base.exists()):
        runner.prepare(base)
    kept: list[Result] = []
    tried = choice
    if options.again:
        last = report.read(options.folder / "results.json")
        kept = [result for result in last if result.verdict != Verdict.SURVIVED]
        again = frozenset(r.mutant.id for r in last if r.verdict == Verdict.SURVIVED)
        tried = replace(choice, per_model=0, ids=again)
    is_done = options.again and not tried.ids
    results, broken = ([], []) if is_done else runner.run(base, tried, options.jobs, Progress())
    results = runner.in_file_order([*kept, *results])
    first_round = time.monotonic() - started
    survivors = [result for result in results if result.verdict == Verdict.SURVIVED]
    companies = [name for name in options.companies.split(",") if name]
    noticed = oracle.second_round(options.folder, companies, survivors, options.keep)
    found = report.Report(
        results,
        noticed,
        read_equivalents(),
        choice,
        companies,
        0 if options.again else first_round,
        time.monotonic() - started,
        options.jobs,
    )
    rows = report.rows(found)
    (options.folder / "results.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    text = report.page(found)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    for each in broken:
        print(f"{each.model} was not tried, its tests fail as it is: {each.why}")
    if broken:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
