"""Which mutants there are of a model, how they are called, and in which order they are tried."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

import yaml

from tests.mutants.operators import Edit, edits

EQUIVALENT = Path(__file__).with_name("equivalent.yml")


@dataclass(frozen=True)
class Mutant:
    """A model with one change. Its id holds as long as the changed line reads as it does."""

    id: str
    model: str
    line: int
    before: str
    after: str
    edit: Edit

    @property
    def operator(self) -> str:
        """What was done to the model."""
        return self.edit.operator

    def apply(self, raw: str) -> str:
        """The mutated code of the model."""
        return self.edit.apply(raw)


def _digest(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def _shown(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _lines(raw: str, edit: Edit) -> tuple[int, str, str]:
    """Number of the first line that an edit changes, and those lines before and after."""
    first = raw.rfind("\n", 0, edit.start) + 1
    last = raw.find("\n", edit.end)
    last = len(raw) if last < 0 else last
    before = raw[first:last]
    after = raw[first : edit.start] + edit.replacement + raw[edit.end : last]
    return raw.count("\n", 0, edit.start) + 1, _shown(before), _shown(after)


def mutants_of(
    model: str, raw: str, numbers: frozenset[str], anchors: Mapping[str, Sequence[str]]
) -> list[Mutant]:
    """All mutants of a model, in the order of its text."""
    seen: Counter[str] = Counter()
    found = []
    for edit in edits(raw, numbers, anchors):
        line, before, after = _lines(raw, edit)
        name = _digest(model, edit.operator, before, after)
        seen[name] += 1
        short = _digest(name, seen[name])[:8]
        found.append(Mutant(short, model, line, before, after, edit))
    return found


def in_order(mutants: Iterable[Mutant], seed: int) -> list[Mutant]:
    """Operators in turn, so that any beginning has something of many."""
    by_operator: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(mutants, key=lambda m: _digest(seed, m.model, m.id)):
        by_operator[mutant.operator].append(mutant)
    rounds = zip_longest(*by_operator.values())
    return [mutant for mutant in chain.from_iterable(rounds) if mutant is not None]


def anchors_of(
    relations: Iterable[Mapping[str, str]], wanted: Sequence[str] = ("DATE", "TIMESTAMP")
) -> dict[str, list[str]]:
    """For each date column of some relations (name to type), the others of its type beside it."""
    found: dict[str, list[str]] = defaultdict(list)
    for columns in relations:
        for kind in wanted:
            names = [name for name, type_ in columns.items() if type_ == kind]
            for name in names:
                found[name] += [other for other in names if other != name]
    return {name: list(dict.fromkeys(others))[:2] for name, others in found.items()}


def read_equivalents(path: Path = EQUIVALENT) -> dict[str, str]:
    """Why a mutant is no other model, by its id."""
    listed = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    return {
        mutant: entry["reason"] for entry in listed or [] for mutant in map(str, entry["mutants"])
    }


def batches(found: Sequence[str], count: int) -> Iterator[list[str]]:
    """Models dealt out to processes."""
    for number in range(count):
        yield list(found[number::count])
