"""Every cell of the warehouse equals the one that plain Python computes from the same rows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.companies import SHAPES, Shape, generate
from tests.acceptance.oracle import KPIS, Cell, Cells, Key, Options, cells
from tests.acceptance.warehouse import query

SHOWN = 20
#: readings that even the smallest company has something to count for
READINGS = 250
FIELDS = Cell._fields


def options_of(shape: Shape) -> Options:
    """What the company sets in dbt_project.yml, for the oracle."""
    return Options(
        reporting_currency=shape.currency,
        reporting_time_zone=shape.time_zone,
        week_start=shape.week_start,
        kpi_grains=shape.grains,
    )


def published(release: Path, kpis: Iterable[str]) -> Cells:
    """The cells of a release for some KPIs."""
    rows = query(
        release,
        f"select {', '.join(Key._fields + FIELDS)} from scorecard.kpi_values"
        f" where kpi_id in ({', '.join('?' for _ in KPIS)})",
        list(kpis),
    )
    width = len(Key._fields)
    found = {Key(*row[:width]): Cell(*row[width:]) for row in rows}
    assert len(found) == len(rows), "kpi_values holds a cell twice"
    return found


def is_equal(field: str, ours: object, theirs: object) -> bool:
    """Sums and percentiles agree to a millionth, values to the ninth digit, the rest exactly."""
    if ours is None or theirs is None or isinstance(ours, (bool, str)):
        return ours == theirs
    if field in ("numerator", "denominator", "p50", "p90"):
        return abs(float(ours) - float(theirs)) <= 1e-6  # type: ignore[arg-type]
    return math.isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-9)  # type: ignore


@dataclass
class Difference:
    """A cell that only one side has, or in which some fields differ."""

    key: Key
    warehouse: Cell | None
    oracle: Cell | None

    def __str__(self) -> str:
        name = " ".join(str(part) for part in self.key[1:])
        if self.warehouse is None:
            return f"  missing in the warehouse: {name}\n      oracle {self.oracle}"
        if self.oracle is None:
            return f"  only in the warehouse: {name}\n      warehouse {self.warehouse}"
        parts = [
            f"{field}: warehouse {theirs}, oracle {ours}"
            for field, theirs, ours in zip(FIELDS, self.warehouse, self.oracle, strict=True)
            if not is_equal(field, ours, theirs)
        ]
        return f"  {name}\n      " + "; ".join(parts)


def compare(warehouse: Cells, oracle: Cells) -> list[Difference]:
    """Differences in both directions."""
    return [
        Difference(key, theirs, ours)
        for key in sorted(warehouse.keys() | oracle.keys())
        for theirs, ours in [(warehouse.get(key), oracle.get(key))]
        if theirs is None or ours is None or not all(map(is_equal, FIELDS, ours, theirs))
    ]


def report(differences: list[Difference]) -> str:
    """The first differing cells of each KPI, the company as a whole before its members."""
    grouped: dict[str, list[Difference]] = defaultdict(list)
    for difference in sorted(differences, key=lambda d: (d.key.dimension != "all", d.key)):
        grouped[difference.key.kpi_id].append(difference)
    share = max(1, SHOWN // max(1, len(grouped)))
    lines = [f"{len(differences)} cells differ"]
    for kpi, found in grouped.items():
        lines.append(f"{kpi}: {len(found)} cells")
        lines += [str(difference) for difference in found[:share]]
    return "\n".join(lines)


Compared = Callable[[Shape], tuple[Cells, Cells]]


@pytest.fixture(scope="session")
def compared(releases: Callable[[Shape], Path]) -> Compared:
    """The published cells of a company and the oracle's, computed when first asked for."""
    found: dict[str, tuple[Cells, Cells]] = {}

    def of(shape: Shape) -> tuple[Cells, Cells]:
        if shape.name not in found:
            theirs = published(releases(shape), KPIS)
            found[shape.name] = theirs, cells(generate(shape), shape.as_of, options_of(shape))
        return found[shape.name]

    return of


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_cell_agrees(compared: Compared, shape: Shape) -> None:
    """Numerator, denominator, value, sample size, percentiles and flags; no cell more or less."""
    differences = compare(*compared(shape))
    assert not differences, report(differences)


def test_every_reading_is_reached(compared: Compared) -> None:
    """No KPI or reading agrees only because no company has anything to count."""
    known: set[tuple[str, str]] = set()
    reached: set[tuple[str, str]] = set()
    for shape in SHAPES:
        for key, cell in compared(shape)[1].items():
            known.add((key.kpi_id, key.variant))
            if cell.numerator:
                reached.add((key.kpi_id, key.variant))
    assert known == reached, known - reached
    assert {kpi for kpi, _ in reached} == set(KPIS)
    assert len(KPIS) == 112
    assert len(reached) >= READINGS
