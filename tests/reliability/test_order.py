"""How rows arrive does not matter: any order, split, repetition or form of files gives the same.

Only between versions of a row that `updated_at` does not tell apart does it matter which arrived
last: in a later run, then in a file whose name sorts later, then further down in the file. The
company here has such versions; every arrangement keeps their order and nothing else.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing import FileResult, create_raw_tables, land, load_contract
from orchestration.settings import PROJECT_DIR
from tests.acceptance.companies import SMALL, Row, generate
from tests.acceptance.oracle.world import KEYS
from tests.acceptance.warehouse import LANDED_AT, Warehouse, as_text
from tests.reliability.same import differences

pytestmark = pytest.mark.promise(8)

LOADS = 3
AREAS = (
    *("revenue", "pipeline", "funnel", "outreach"),
    *("marketing", "customers", "pricing", "people"),
)
FORMS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")

Versions = dict[str, list[Row]]


class CutShort(Exception):
    """The landing ends here, between two files, as when somebody stops it."""


def arranged(versions: list[Row], key: tuple[str, ...], rng: random.Random) -> list[Row]:
    """The versions of one entity in an order of arrival, some of them more than once.

    Those of one row and one `updated_at` stay in their order; what is repeated is the last of them.
    """
    groups: dict[Any, list[Row]] = {}
    for row in versions:
        groups.setdefault((*(row[part] for part in key), row.get("updated_at")), []).append(row)
    placed: list[tuple[float, int, Row]] = []
    for group in groups.values():
        places = sorted(rng.random() for _ in group)
        if rng.random() < 0.1:
            group, places = [*group, group[-1]], [*places, rng.uniform(places[-1], 1)]
        placed += [(place, len(placed), row) for place, row in zip(places, group, strict=True)]
    return [row for *_, row in sorted(placed, key=lambda item: item[:2])]


def cut(rows: list[Row], rng: random.Random) -> list[list[Row]]:
    """The rows as one to eight files, in order."""
    cuts = sorted(rng.randrange(len(rows) + 1) for _ in range(rng.randrange(8)))
    pieces = [rows[low:high] for low, high in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    return [piece for piece in pieces if piece]


def spelt(column: str, rng: random.Random) -> str:
    """A name that a header may have for a column."""
    spellings = [
        column,
        column.upper(),
        column.replace("_", " ").title(),
        column.replace("_", "-"),
        f"property_{column}",
    ]
    return rng.choice(spellings)


def write(rows: list[Row], path: Path, rng: random.Random) -> None:
    """A file of the form that its name says; delimiter, line ends and columns' names vary."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    rng.shuffle(columns)
    names = {column: spelt(column, rng) for column in columns}
    texts = [{names[column]: as_text(row.get(column)) for column in columns} for row in rows]
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        lines = [json.dumps(text, ensure_ascii=rng.random() < 0.5) for text in texts]
        content = "\n".join(lines) + rng.choice(["", "\n"])
    else:
        plain = path.suffix == ".parquet"
        with (scratch := path.with_name(".being_written")).open("w", newline="") as file:
            writer = csv.DictWriter(
                file,
                list(names.values()),
                delimiter="," if plain else rng.choice(",;\t|"),
                lineterminator=rng.choice(["\n", "\r\n"]),
                quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
            )
            writer.writeheader()
            writer.writerows(texts)
        if plain:
            duckdb.execute(
                f"copy (from read_csv('{scratch}', all_varchar = true, header = true,"
                f" delim = ',', quote = '\"', escape = '\"', nullstr = '')) to '{path}'"
                " (format parquet)"
            )
            scratch.unlink()
            return
        content = scratch.read_bytes().decode()
        scratch.unlink()
    data = rng.choice([b"", b"\xef\xbb\xbf"]) + content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def send_again(folder: Path, rng: random.Random, number: int) -> None:
    """Some files that have landed are renamed, copied under another name or compressed again."""
    for path in sorted(folder.iterdir()):
        stem, form = path.name.split(".", 1)
        other = path.with_name(f"{stem}_{number}z.{form}")
        chance = rng.random()
        if chance < 0.15:
            path.rename(other)
        elif chance < 0.3:
            other.write_bytes(path.read_bytes())
        elif chance < 0.45 and form.endswith("gz"):
            path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=number))
        elif chance < 0.45 and form != "parquet":
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()


def land_all(warehouse: Warehouse, rng: random.Random) -> int:
    """Land what is there; the landing is stopped once on the way. How many files were new."""
    contract = load_contract(PROJECT_DIR / "models")
    extracts = warehouse.folder / "extracts"
    stop_after = rng.randrange(1, 20)

    def progress(result: FileResult) -> None:
        nonlocal stop_after
        stop_after -= result.status == "landed"
        if stop_after == 0:
            raise CutShort

    with duckdb.connect(str(warehouse.warehouse)) as con:
        create_raw_tables(con, contract)
        with pytest.raises(CutShort):
            land(con, extracts, contract, LANDED_AT, progress=progress)
        report = land(con, extracts, contract, LANDED_AT)
        row = con.execute("select count(*), sum(rows_quarantined) from landing.files").fetchone()
    assert not report.refused, [result.summary() for result in report.refused]
    assert row is not None
    assert row[1] == 0
    return int(row[0])


def arrive(
    versions: Versions, warehouse: Warehouse, rng: random.Random, *, with_builds: bool
) -> tuple[int, int]:
    """Let the rows of a company arrive in several runs; how many files, in how many forms."""
    folder = warehouse.folder / "extracts/standard"
    folder.mkdir(parents=True)
    loads: list[list[tuple[str, list[Row]]]] = [[] for _ in range(LOADS)]
    for entity, rows in versions.items():
        pieces = cut(arranged(rows, KEYS[entity], rng), rng)
        for load, piece in zip(sorted(rng.randrange(LOADS) for _ in pieces), pieces, strict=True):
            loads[load].append((entity, piece))
    sent, forms = 0, set()
    for number, files in enumerate(loads):
        # Names that sort as the pieces of an entity follow each other, and say nothing else.
        stamps = sorted(rng.sample(range(100_000), len(files)))
        for stamp, (entity, rows) in zip(stamps, files, strict=True):
            form = rng.choice(FORMS)
            write(rows, folder / f"{entity}_{number}_{stamp:06}{form}", rng)
            forms.add(form)
        sent += len(files)
        assert land_all(warehouse, rng) == sent, "a file sent again is not landed again"
        send_again(folder, rng, number)
        if with_builds and number < LOADS - 1:  # what follows is made anew each time
            warehouse.build(["+path:models/conformed"])
    assert land_all_again(warehouse) == sent
    return sent, len(forms)


def land_all_again(warehouse: Warehouse) -> int:
    """Land when nothing is new."""
    contract = load_contract(PROJECT_DIR / "models")
    with duckdb.connect(str(warehouse.warehouse)) as con:
        report = land(con, warehouse.folder / "extracts", contract, LANDED_AT)
        row = con.execute("select count(*) from landing.files").fetchone()
    assert {result.status for result in report.files} == {"already_landed"}
    assert row is not None
    return int(row[0])


def assert_same_marts(expected: Path, found: Path) -> None:
    """All facts, all cells of all KPIs, with the rows that differ."""
    different = [
        line
        for line in differences(expected, found, ("core", "scorecard", *AREAS))
        if not line.startswith(('"scorecard"."publication', '"scorecard"."kpi_history"'))
    ]
    assert not different, "\n".join(different)
    with duckdb.connect(str(expected), read_only=True) as con:
        row = con.execute("select count(*) from scorecard.kpi_values").fetchone()
    assert row is not None
    assert row[0] > 10_000


def test_the_way_rows_arrive_changes_no_mart(
    small_warehouse: Warehouse,
    tmp_path: Path,
    long: bool,
    figure: Callable[[str, object], None],
) -> None:
    """Facts before what they refer to, old versions after new ones, deletes before their rows."""
    versions = generate(SMALL)
    files = 0
    for seed in range(6 if long else 1):
        rng = random.Random(SMALL.seed + seed)
        warehouse = Warehouse(tmp_path / str(seed), SMALL.as_of, SMALL.variables)
        sent, forms = arrive(versions, warehouse, rng, with_builds=seed % 2 == 0)
        assert forms == len(FORMS)
        warehouse.build()
        assert_same_marts(small_warehouse.release, warehouse.release)
        files += sent
    figure("arrangements", 6 if long else 1)
    figure("files", files)


def test_a_second_build_changes_nothing(
    small_warehouse: Warehouse, tmp_path: Path, long: bool
) -> None:
    """Without new rows, tables that grow stay as they are; in the long form all the marts, too."""
    release, private = tmp_path / "release.duckdb", tmp_path / "private.duckdb"
    shutil.copy(small_warehouse.release, release)
    shutil.copy(small_warehouse.warehouse, private)
    small_warehouse.build([] if long else ["+path:models/conformed"])
    assert differences(private, small_warehouse.warehouse, ("conformed",)) == []
    if long:
        assert_same_marts(release, small_warehouse.release)


def test_the_company_has_versions_that_only_their_arrival_orders() -> None:
    """Otherwise the tests above would prove less than they say."""
    tied = 0
    for entity, rows in generate(SMALL).items():
        contents: dict[Any, set[str]] = {}
        for row in rows:
            place = (*(row[part] for part in KEYS[entity]), row["updated_at"])
            contents.setdefault(place, set()).add(repr(row))
        tied += sum(len(of_one) > 1 for of_one in contents.values())
    assert tied > 20


def test_names_order_files_of_one_run(tmp_path: Path) -> None:
    """Not the order in which a folder lists them, nor their times."""
    contract = load_contract(PROJECT_DIR / "models")
    folder = tmp_path / "extracts/standard"
    folder.mkdir(parents=True)
    for name in ("teams_c", "teams_a", "teams_b"):
        (folder / f"{name}.csv").write_text(f"team_id,team_name,department\nt,{name},sales\n")
    with duckdb.connect() as con:
        land(con, tmp_path / "extracts", contract, datetime(2026, 1, 1, tzinfo=UTC))
        found = con.execute("select team_name from raw.standard__teams order by _load_id")
        assert found.fetchall() == [("teams_a",), ("teams_b",), ("teams_c",)]
