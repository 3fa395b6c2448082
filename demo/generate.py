"""Builds the company block by block and writes its extracts and truths."""

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from demo import dirt, forecasts, truths, writing
from demo.block import BLOCK_LEADS, LEADS_AT_SCALE_1, Block, build_block
from demo.company import Company, build_company, reference_tables
from demo.goals import goal_tables
from demo.market import market_tables
from demo.tables import block_tables
from demo.timeline import NONE
from demo.truths import Truths
from demo.writing import Table, Writer

DEFAULT_TRUTHS = "target/demo_truths.json"
LARGE_SCALE = 10
"""From here on the tables that grow are Parquet, one file a block."""
SMALL_FORMATS = {"contacts": "jsonl", "activities": "csv.gz", "invoice_lines": "parquet"}
BY_YEAR = {"leads": "created_at", "opportunities": "created_at", "invoices": "issued_at"}
REPEATS = {"leads": 7, "opportunity_stage_history": 4, "invoices": 5}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def block_sizes(scale: float) -> list[int]:
    """Leads of each block."""
    total = max(300, round(LEADS_AT_SCALE_1 * scale))
    blocks = -(-total // BLOCK_LEADS)
    return [total * (i + 1) // blocks - total * i // blocks for i in range(blocks)]


def _clear(folder: Path, truths_path: Path) -> None:
    """Remove the extracts of an earlier run, which its truths list; refuse any other file."""
    ours: set[str] = set()
    if truths_path.exists():
        ours = set(json.loads(truths_path.read_text("utf-8"))["rows_by_file"])
    found = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    foreign = [path.name for path in found if path.name not in ours]
    if foreign:
        raise FileExistsError(
            f"{folder} holds files that the demo did not write, {foreign[0]} for one: "
            "empty it or set KPI_EXTRACTS to another folder"
        )
    for path in found:
        path.unlink()


def _write_small(writer: Writer, entity: str, table: Table) -> None:
    """One file, or one a year."""
    kind = SMALL_FORMATS.get(entity, "csv")
    moment = BY_YEAR.get(entity)
    if moment is None:
        writer.write(entity, table, kind=kind)
        return
    year = (
        table[moment].arrays[0].astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970
    )
    for each in np.unique(year).tolist():
        writer.write(entity, writing.take(table, year == each), f"_{each}", kind)


def _write_block(
    writer: Writer, company: Company, seed: int, block: Block, large: bool
) -> dict[str, Any]:
    """Write a block; the first one brings the dirt, which is told."""
    tables = block_tables(company, seed, block)
    expected = forecasts.draw_forecasts(
        np.random.default_rng([seed, 100 + block.number, 22]), company, block.deals, block.entries
    )
    tables["opportunities"]["expected_close_on"] = writing.on(expected.expected)
    earlier = forecasts.earlier_versions(
        tables["opportunities"], block.deals, expected, block.entries
    )
    told: dict[str, Any] = {}
    if block.number == 0:
        rng = np.random.default_rng([seed, 4])
        closed = np.where(block.deals.decided, block.deals.close, NONE)
        late = dirt.late_versions(rng, tables, closed)
        bad = []
        for entity, versions in late.items():
            tables[entity] = versions.before
            bad += dirt.write_changes(writer, entity, versions)[1]
        for entity, count in REPEATS.items():
            tables[entity] = dirt.with_repeats(rng, tables[entity], count)
        told = {
            "bad_rows": len(bad),
            "bad_rows_by_entity_and_kind": [[line.entity, line.kind] for line in bad],
            "repeated_rows": REPEATS,
            "changed_rows": {entity: versions.changed for entity, versions in late.items()},
            "deleted_rows": {entity: versions.deleted for entity, versions in late.items()},
        }
    for entity, table in tables.items():
        if large:
            writer.write(entity, table, f"_{block.number + 1:04d}", "parquet")
        else:
            _write_small(writer, entity, table)
    number, kind = (f"_{block.number + 1:04d}", "parquet") if large else ("", "csv")
    for suffix, table in earlier.items():
        writer.write("opportunities", table, suffix + number, kind)
    return told


def generate(extracts_dir: Path, scale: float = 1.0, seed: int = 7) -> Truths:
    """Write `extracts_dir/standard/` and the truths file (KPI_DEMO_TRUTHS).

    The same scale and seed give the same bytes. The files of an earlier run are replaced; the
    folder must hold no others.
    """
    folder = extracts_dir / "standard"
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(os.environ.get("KPI_DEMO_TRUTHS", DEFAULT_TRUTHS))
    _clear(folder, path)
    company = build_company(scale, seed)
    writer = Writer(folder)
    large = scale >= LARGE_SCALE
    reference = reference_tables(company, seed) | market_tables(company, seed)
    written = {entity: writer.write(entity, table) for entity, table in reference.items()}
    for suffix, table in goal_tables(company, seed, reference["targets"]).items():
        writer.write("targets", table, suffix)
    same = {"products_copy.csv": "products.csv", "campaigns_resent.csv": "campaigns.csv"}
    writer.copy(written["products"], "products_copy.csv")
    writer.copy(written["campaigns"], "campaigns_resent.csv")
    sizes = block_sizes(scale)
    sums: Counter[str] = Counter()
    told: dict[str, Any] = {}
    for number, size in enumerate(sizes):
        block = build_block(company, seed, number, size)
        told |= _write_block(writer, company, seed, block, large)
        sums.update(truths.tally(company, block))  # adds, and keeps zeros
        _say(
            f"demo: block {number + 1} of {len(sizes)}, {size:,} leads, "
            f"{len(block.touches):,} activities"
        )
        del block
    writer.close()
    told["identical_files"] = same
    facts = {"company": "Zarvand Software", "seed": seed, "scale": scale,
             "dirt": told, "rows_by_file": dict(sorted(writer.rows.items()))}  # fmt: skip
    made = truths.save(path, truths.describe(sums, facts, company, seed))
    _say(
        f"demo: {sum(writer.rows.values()):,} rows in {len(writer.rows)} files of {folder}, "
        f"truths in {path}"
    )
    return made
