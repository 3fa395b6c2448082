"""The page of a run: docs/mutants.md."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutants import Mutant
from tests.mutants.operators import Edit
from tests.mutants.runner import Choice, Result
from tests.mutants.session import Verdict

_HEAD = """# Mutants

Written by `make mutants`. It breaks one thing at a time in the SQL of a model (a filter dropped,
`<` made `<=`, another date column, a left join made inner …) and asks whether a test notices. A
line of SQL that may be broken without a test turning red is a line that nothing proves.

- First the unit tests of the model itself run against the mutant. **Killed** means that one of them
  fails; a test that ends in an error kills too and is counted apart.
- What survives is computed over the random companies of the oracle's test (`tests/acceptance`). The
  oracle agrees with the models as they are in every cell, so a mutant that changes a cell of a KPI
  would be found there: **oracle**.
- **Equivalent** mutants are other code and no other model. `tests/mutants/equivalent.yml` gives the
  reason for each; they are taken out of the score.
- What is no valid SQL is no mutant: it makes room for the next one and is counted nowhere.

Which mutants are tried is chosen by the model and the changed line, {per_model} of each model, so a
run can be repeated; `--per-model 0` tries all, `--seed` chooses others.
"""


@dataclass(frozen=True)
class Report:
    """What a run has found; seconds as measured."""

    results: Sequence[Result]
    noticed: Mapping[str, str]
    equivalents: Mapping[str, str]
    choice: Choice
    companies: Sequence[str]
    first_round: float
    seconds: float
    jobs: int


@dataclass(frozen=True)
class Score:
    """Counts over some mutants that are valid."""

    tried: int
    by_tests: int
    by_errors: int
    by_oracle: int
    equivalent: int

    @property
    def rate(self) -> float | None:
        """Killed by unit tests, of those that are not explained as equivalent."""
        left = self.tried - self.equivalent
        return (self.by_tests + self.by_errors) / left if left else None

    @property
    def rate_of_all(self) -> float | None:
        """Killed by unit tests, of all."""
        return (self.by_tests + self.by_errors) / self.tried if self.tried else None

    @property
    def rate_with_oracle(self) -> float | None:
        """Killed by unit tests or found by the oracle, of those not explained."""
        left = self.tried - self.equivalent
        return (self.by_tests + self.by_errors + self.by_oracle) / left if left else None


def fate(found: Report, result: Result) -> str:
    """killed, error, oracle, equivalent, survived or invalid."""
    if result.verdict in (Verdict.KILLED, Verdict.ERROR, Verdict.INVALID):
        return {
            Verdict.KILLED: "killed",
            Verdict.ERROR: "error",
            Verdict.INVALID: "invalid",
        }[result.verdict]
    if result.mutant.id in found.noticed:
        return "oracle"
    return "equivalent" if result.mutant.id in found.equivalents else "survived"


def score(found: Report, results: Iterable[Result]) -> Score:
    """The counts of some results."""
    fates = [fate(found, result) for result in results]
    return Score(
        tried=len(fates) - fates.count("invalid"),
        by_tests=fates.count("killed"),
        by_errors=fates.count("error"),
        by_oracle=fates.count("oracle"),
        equivalent=fates.count("equivalent"),
    )


def refuted(found: Report) -> list[str]:
    """Mutants listed as equivalent that a test or a company tells apart."""
    return [
        result.mutant.id
        for result in found.results
        if result.mutant.id in found.equivalents
        and fate(found, result) in ("killed", "error", "oracle")
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _line(name: str, counts: Score) -> str:
    survived = (
        counts.tried - counts.by_tests - counts.by_errors - counts.by_oracle - counts.equivalent
    )
    numbers = [
        counts.tried,
        counts.by_tests,
        counts.by_errors,
        counts.equivalent,
        counts.by_oracle,
        survived,
    ]
    cells = [name, *map(str, numbers), _percent(counts.rate), _percent(counts.rate_of_all)]
    return "| " + " | ".join(cells) + " |"


def _table(found: Report, title: str, key: Callable[[Result], str]) -> str:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in found.results:
        groups[key(result)].append(result)
    head = (
        f"| {title} | mutants | killed | by error | equivalent | oracle | survived | score"
        " | of all |"
    )
    lines = [head, "|---|" + "---:|" * 8]
    lines += [_line(name, score(found, groups[name])) for name in sorted(groups)]
    lines.append(_line("**all**", score(found, found.results)))
    return "\n".join(lines)


def _code(text: str) -> str:
    short = text if len(text) <= 160 else text[:157] + "…"
    return "`" + short.replace("`", "'") + "`"


def _listed(found: Report, wanted: str) -> str:
    lines = []
    for result in found.results:
        if fate(found, result) != wanted:
            continue
        mutant = result.mutant
        note = found.noticed.get(mutant.id) or found.equivalents.get(mutant.id) or ""
        lines.append(
            f"- `{mutant.id}` {mutant.model}:{mutant.line}, {mutant.operator}:"
            f" {_code(mutant.before)} → {_code(mutant.after)}" + (f". {note}" if note else "")
        )
    return "\n".join(lines) or "None."


def _times(found: Report) -> str:
    """How long it took; what was only tried again says nothing about that."""
    if not found.first_round:
        return ""
    return (
        f" The first round took {found.first_round / 60:.0f} minutes in {found.jobs} processes,"
        f" both {found.seconds / 60:.0f}."
    )


def page(found: Report) -> str:
    """The whole page."""
    counts = score(found, found.results)
    models = {result.mutant.model for result in found.results}
    parts = [
        _HEAD.format(per_model=found.choice.per_model or "all"),
        f"**{counts.tried} mutants of {len(models)} models; unit tests kill"
        f" {counts.by_tests + counts.by_errors} ({counts.by_errors} of them by an error only):"
        f" {_percent(counts.rate)} of those that are not equivalent,"
        f" {_percent(counts.rate_of_all)} of all. With the oracle"
        f" {_percent(counts.rate_with_oracle)}.**" + _times(found),
        "## By area\n\n" + _table(found, "area", lambda result: result.area),
        "## By operator\n\n" + _table(found, "operator", lambda result: result.mutant.operator),
        "## Survivors\n\nNo test tells these from the model.\n\n" + _listed(found, "survived"),
        "## Found by the oracle alone\n\n"
        + (
            f"The company and a KPI of which a cell changes; tried: {', '.join(found.companies)}."
            if found.companies
            else "No company was computed in this run."
        )
        + "\n\n"
        + _listed(found, "oracle"),
        "## Equivalent\n\n" + _listed(found, "equivalent"),
    ]
    wrong = refuted(found)
    if wrong:
        parts.append("## Wrongly listed as equivalent\n\n" + ", ".join(wrong))
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def rows(found: Report) -> list[dict[str, object]]:
    """Every mutant with its fate, for a file."""
    return [
        {
            "id": result.mutant.id,
            "model": result.mutant.model,
            "path": result.path,
            "line": result.mutant.line,
            "operator": result.mutant.operator,
            "before": result.mutant.before,
            "after": result.mutant.after,
            "area": result.area,
            "verdict": result.verdict.value,
            "fate": fate(found, result),
            "evidence": result.evidence,
        }
        for result in found.results
    ]


def read(path: Path) -> list[Result]:
    """The results of an earlier run, from the file of its rows."""
    return [
        Result(
            mutant=Mutant(
                row["id"],
                row["model"],
                row["line"],
                row["before"],
                row["after"],
                Edit(row["operator"], 0, 0, ""),
            ),
            area=row["area"],
            path=row["path"],
            verdict=Verdict(row["verdict"]),
            evidence=row["evidence"],
        )
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]
