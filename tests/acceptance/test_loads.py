"""How rows arrive does not matter: any split into loads, and any repetition, gives the same."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.companies import SMALL, Row
from tests.acceptance.warehouse import Warehouse, query

LOADS = 3
SHOWN = 5

Tables = dict[str, list[tuple[Any, ...]]]


def split(rows: dict[str, list[Row]], rng: random.Random) -> list[dict[str, list[Row]]]:
    """Every row into one of the loads, in any order."""
    loads: list[dict[str, list[Row]]] = [{} for _ in range(LOADS)]
    for entity, versions in rows.items():
        for row in rng.sample(versions, len(versions)):
            rng.choice(loads).setdefault(entity, []).append(row)
    return loads


def tables_of(release: Path) -> Tables:
    """All core facts and all cells, in an order of their own."""
    names = query(
        release,
        "select table_name from information_schema.tables"
        " where table_schema = 'core' and table_name like 'fct%' order by 1",
    )
    tables = ["scorecard.kpi_values", *(f"core.{name}" for (name,) in names)]
    return {name: query(release, f"select * from {name} order by all") for name in tables}


def assert_same(left: Tables, right: Tables) -> None:
    """Row by row; the first differences of each table."""
    assert left.keys() == right.keys()
    assert left["scorecard.kpi_values"]
    differences = []
    for name, rows in left.items():
        if rows != right[name]:
            ours, theirs = set(rows), set(right[name])
            differences.append(f"{name}: {len(rows)} and {len(right[name])} rows")
            differences += [f"  only left  {row}" for row in sorted(ours - theirs, key=str)[:SHOWN]]
            differences += [f"  only right {row}" for row in sorted(theirs - ours, key=str)[:SHOWN]]
    assert not differences, "\n".join(differences)


@pytest.fixture(scope="module")
def expected(small_warehouse: Warehouse) -> Tables:
    return tables_of(small_warehouse.release)


def test_a_split_changes_nothing(
    small_company: dict[str, list[Row]], expected: Tables, tmp_path: Path
) -> None:
    """Facts before what they refer to, old versions after new ones, deletes before their rows."""
    warehouse = Warehouse(tmp_path, SMALL.as_of, SMALL.variables)
    for load in split(small_company, random.Random(SMALL.seed)):
        warehouse.load(load)
        warehouse.build(["+path:models/conformed"])  # what follows is made anew each time
    warehouse.build()
    assert_same(expected, tables_of(warehouse.release))


def test_a_second_build_changes_nothing(small_warehouse: Warehouse, expected: Tables) -> None:
    """Without new rows, building again gives the same marts."""
    assert_same(expected, tables_of(small_warehouse.build()))
