"""The second round: what the unit tests let through, in the companies of the oracle's test.

The oracle computes every cell of these companies in plain Python and agrees with the unmutated
warehouse in all of them. So a mutant that changes a cell would be found by it, and one that changes
no row of its own model there is not even put to the models behind it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from dbt.adapters.factory import reset_adapters
from dbt.compilation import Compiler
from dbt_common.exceptions import DbtBaseException

from tests.acceptance.companies import SHAPES, SMALL, Shape, generate
from tests.acceptance.oracle import Cell, Key
from tests.acceptance.warehouse import build, run_dbt
from tests.environment import environment_of
from tests.mutants.runner import Result
from tests.mutants.session import Session, session

#: a cell as the oracle knows it, which computes no intervals
_CELLS = ", ".join(Key._fields + Cell._fields)
_DIFFERING = """
select count(*) from (
    (select {columns} from ({mutant}) except all select {columns} from {relation})
    union all
    (select {columns} from {relation} except all select {columns} from ({mutant}))
)
"""
_DIFFERING_CELLS = f"""
select count(*), min(kpi_id) from (
    (
        select {_CELLS} from mutated.scorecard.kpi_values
        except all select {_CELLS} from scorecard.kpi_values
    )
    union all
    (
        select {_CELLS} from scorecard.kpi_values
        except all select {_CELLS} from mutated.scorecard.kpi_values
    )
)
"""


def second_round(
    folder: Path, companies: Sequence[str], survivors: Sequence[Result], keep: bool
) -> dict[str, str]:
    """For each survivor that changes a cell of a company: which, by the id of the mutant."""
    noticed: dict[str, str] = {}
    shapes = {shape.name: shape for shape in [*SHAPES, SMALL]}
    for name in companies:
        left = [result for result in survivors if result.mutant.id not in noticed]
        if not left:
            break
        own = folder / "companies" / name
        if not (keep and own.exists()):
            shutil.rmtree(own, ignore_errors=True)
            own.mkdir(parents=True)
            shape = shapes[name]
            build(generate(shape), own, shape.as_of, shape.variables)
        print(f"{name}: {len(left)} mutants", flush=True)
        for identity, kpi in noticed_by(own, shapes[name], left):
            noticed[identity] = f"{name}: {kpi}"
            print(f"  {identity} changes {kpi}", flush=True)
    return noticed


def noticed_by(
    folder: Path, shape: Shape, survivors: Sequence[Result]
) -> Iterator[tuple[str, str]]:
    """(id of the mutant, a KPI of which it changes a cell)."""
    behind: list[tuple[Result, str]] = []
    with session(folder, shape.as_of.isoformat(), shape.variables) as found:
        for result in survivors:
            name = result.mutant.model
            code = result.mutant.apply(found.models_by_name[name].raw_code)
            is_kpi = result.area.startswith("kpis")
            changed = changes_rows(found, name, code, _CELLS if is_kpi else "*")
            if changed and is_kpi:
                yield result.mutant.id, name
            elif changed:
                behind.append((result, code))
    reset_adapters()
    for result, code in behind:
        kpi = changed_kpi(folder, shape, result.mutant.model, code)
        if kpi:
            yield result.mutant.id, kpi


def changes_rows(found: Session, model: str, code: str, columns: str) -> bool:
    """Whether a mutant has other rows than the model, over the same company."""
    with (
        found.changed(model, code) as node,
        found.adapter.connection_named(f"mutant of {model}"),
    ):
        compiled = Compiler(found.config).compile_node(
            node.from_dict(node.to_dict()), found.manifest, {}, write=False
        )
        sql = _DIFFERING.format(
            mutant=compiled.compiled_code, relation=node.relation_name, columns=columns
        )
        try:
            _, table = found.adapter.execute(sql, fetch=True)
        except DbtBaseException:  # an error on real rows would stop the build
            return True
    return bool(table.rows[0][0])


def changed_kpi(folder: Path, shape: Shape, model: str, code: str) -> str | None:
    """Build a mutant and all that follows in a copy; the first KPI with another cell."""
    copy = folder.with_name(f"{folder.name}_mutated")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    with session(copy, shape.as_of.isoformat(), shape.variables) as found:
        manifest: Any = found.manifest
        found.models_by_name[model].raw_code = code
    reset_adapters()
    with patch.dict(os.environ, environment_of(copy, shape.as_of.isoformat())):
        done = run_dbt(["run", "--select", f"{model}+"], shape.variables, manifest)
    if not done.success:
        return "the build stops"
    with duckdb.connect(str(folder / "release.duckdb"), read_only=True) as con:
        con.execute(f"attach '{copy / 'release.duckdb'}' as mutated (read_only)")
        row = con.execute(_DIFFERING_CELLS).fetchone()
    return str(row[1]) if row and row[0] else None
