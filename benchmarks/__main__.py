"""`python -m benchmarks`: measure, print the tables, and write them to result.md.

BENCHMARK_SCALES (1,30) says how many times the demo's size, BENCHMARK_DIR (target/benchmark) where
extracts, databases and results lie.
"""

import os
from pathlib import Path

import duckdb

from benchmarks import report
from benchmarks.steps import run_by_hand, run_dagster, run_pipeline
from demo import generate
from orchestration.settings import PROJECT_DIR

_EQUAL_CELLS = """
select count(*), count(*) filter (
    where abs(cells.numerator - v.numerator) <= 1e-6 * greatest(1, abs(v.numerator))
        and (v.denominator is null or cells.denominator = v.denominator)
)
from by_hand.cells
left join scorecard.kpi_values as v
    using (kpi_id, period_grain, period_start, dimension, dimension_value)
where v.variant is null or v.variant = 'headline'
"""


def compare(published: Path, by_hand: Path) -> tuple[int, int]:
    """Cells written by hand, and those of them that the pipeline finds too."""
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute(f"attach '{by_hand}' as by_hand (read_only)")
        row = con.execute(_EQUAL_CELLS).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def run_scale(folder: Path, scale: float) -> str:
    """Everything at one size, as Markdown."""
    extracts = folder / "extracts"
    os.environ["KPI_DEMO_TRUTHS"] = str(folder / "truths.json")
    generate(extracts, scale=scale)
    pipeline = run_pipeline(folder / "pipeline", extracts)
    by_hand = run_by_hand(folder / "by_hand", extracts)
    equal = compare(
        folder / "pipeline/published/sales_kpis.duckdb", folder / "by_hand/by_hand.duckdb"
    )
    dagster = run_dagster(folder / "dagster", extracts)
    return report.scale(scale, pipeline, by_hand, equal, dagster)


def main() -> None:
    """All sizes, one after the other."""
    folder = PROJECT_DIR / os.environ.get("BENCHMARK_DIR", "target/benchmark")
    scales = os.environ.get("BENCHMARK_SCALES", "1,30").split(",")
    parts = [run_scale(folder / f"scale_{scale}", float(scale)) for scale in scales]
    text = "\n\n".join(parts)
    (folder / "result.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
