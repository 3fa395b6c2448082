"""The same work as one DuckDB script: `python -m benchmarks.by_hand` runs benchmarks/by_hand/*.sql.

Reads KPI_EXTRACTS, KPI_AS_OF_DATE and BENCHMARK_DATABASE; prints as JSON when each part began and
ended.
"""

import csv
import gzip
import json
import os
import time
from pathlib import Path
from string import Template

import duckdb

from orchestration.landing import load_contract
from orchestration.settings import PROJECT_DIR

PARTS = sorted((Path(__file__).parent / "by_hand").glob("*.sql"))


def _header(path: Path) -> list[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return next(csv.reader(file))


def _reader(paths: list[Path], types: dict[str, str]) -> str:
    """DuckDB's readers over the files of one entity, every column with its type."""
    kinds = {"text": (".csv", ".gz"), "json": (".jsonl",), "parquet": (".parquet",)}
    files = {kind: [p for p in paths if p.suffix in ends] for kind, ends in kinds.items()}
    present = {name for path in files["text"] for name in _header(path)}
    parts = []
    if files["text"]:
        typed = {name: types[name] for name in types if name in present}
        parts.append(
            f"from read_csv({[str(p) for p in files['text']]}, types = {typed}, header = true, "
            "delim = ',', quote = '\"', union_by_name = true, ignore_errors = true)"
        )
    if files["json"]:
        parts.append(f"from read_json({[str(p) for p in files['json']]}, columns = {types})")
    if files["parquet"]:
        source = f"from read_parquet({[str(p) for p in files['parquet']]}, union_by_name = true)"
        moments = [name for name in duckdb.sql(source).columns if types[name] == "timestamp"]
        cast = ", ".join(f"{name}::timestamp as {name}" for name in moments)
        parts.append(f"select * {f'replace ({cast})' if cast else ''} {source}")
    return "(" + " union all by name ".join(parts) + ")"


def readers(folder: Path) -> dict[str, str]:
    """A reader by entity, for the files of a folder."""
    entities = load_contract(PROJECT_DIR / "models")["standard"].entities
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        entity = max((name for name in entities if path.name.startswith(name)), key=len)
        files.setdefault(entity, []).append(path)
    return {
        name: _reader(
            paths,
            {
                column.name: column.data_type.replace("timestamptz", "timestamp")
                for column in entities[name].accepted_columns
            },
        )
        for name, paths in files.items()
    }


def main() -> None:
    """Run the parts in order, in a new database."""
    found = readers(Path(os.environ["KPI_EXTRACTS"]) / "standard")
    database = Path(os.environ["BENCHMARK_DATABASE"])
    database.unlink(missing_ok=True)
    times: dict[str, tuple[float, float]] = {}
    with duckdb.connect(str(database)) as con:
        con.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        con.execute("set enable_progress_bar = false")
        con.execute(f"set threads = {os.environ.get('KPI_THREADS', '2')}")
        con.execute(f"set memory_limit = '{os.environ.get('KPI_MEMORY_LIMIT', '4GB')}'")
        con.execute(f"set variable as_of = date '{os.environ['KPI_AS_OF_DATE']}'")
        for part in PARTS:
            started = time.time()
            con.execute(Template(part.read_text("utf-8")).substitute(found))
            times[part.stem] = (started, time.time())
    print(json.dumps(times))


if __name__ == "__main__":
    main()
