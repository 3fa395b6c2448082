"""Promise 1: whatever a file holds, each of its rows is accepted, quarantined or a duplicate."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.landing import Entity, LandingReport, Source, land, load_contract, open_warehouse
from orchestration.landing.names import FILE_TYPES
from orchestration.settings import load_settings
from tests.environment import environment_of
from tests.reliability.input_oracle import Outcome, faults
from tests.reliability.mutations import ENTITIES, File, make

pytestmark = pytest.mark.promise(1)

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
IN_ONE_FOLDER = 200


@dataclass
class Tally:
    """What became of many files; `faults` are for a person, with all that makes a file again."""

    files: int = 0
    refused: int = 0
    rows: int = 0
    bad_rows: int = 0
    megabytes: int = 0
    faults: list[str] = field(default_factory=list)


def land_mutated(seed: int, numbers: Sequence[int], kept: Path) -> Tally:
    """Make, land and judge files; those with a fault are left in the folder `kept`."""
    contract = {"standard": load_contract(ROOT / "models")["standard"]}
    tally = Tally()
    for start in range(0, len(numbers), IN_ONE_FOLDER):
        with tempfile.TemporaryDirectory() as folder:
            _land_folder(seed, numbers[start : start + IN_ONE_FOLDER], contract, Path(folder),
                         kept, tally)  # fmt: skip
    tally.megabytes = peak_megabytes()
    return tally


def _land_folder(
    seed: int,
    numbers: Sequence[int],
    contract: dict[str, Source],
    folder: Path,
    kept: Path,
    tally: Tally,
) -> None:
    entities = {name: contract["standard"].entities[name] for name in ENTITIES}
    files: dict[str, File] = {}
    extracts = folder / "extracts" / "standard"
    extracts.mkdir(parents=True)
    for number in numbers:
        file = make(seed, number, entities, FILE_TYPES)
        name = f"{file.entity.name}_{number}{file.file_type}"
        (extracts / name).write_bytes(file.data)
        if file.declared:
            lines = "".join(f"{key}: {value}\n" for key, value in file.declared.items())
            (extracts / f"{name}.yml").write_text(lines, encoding="utf-8")
        files[f"standard/{name}"] = file
    settings = load_settings(environment_of(folder, KPI_EXTRACTS=str(extracts.parent)))
    with open_warehouse(settings) as con:
        report = land(con, extracts.parent, contract, NOW, scratch=settings.scratch_dir)
        found = outcomes(con, report, entities)
        before = _everything(con)
        again = land(con, extracts.parent, contract, NOW, scratch=settings.scratch_dir)
        general = []
        if _everything(con) != before:
            general.append("landing the same folder again changed the database")
        if bad := [r.path for r in again.files if r.status == "landed"]:
            general.append(f"landed again: {bad}")
        if left := con.execute("select table_name from duckdb_tables() where temporary").fetchall():
            general.append(f"temporary tables are left: {left}")
    if missing := set(files) - set(found):
        general.append(f"nothing is known of {sorted(missing)[:5]}")
    tally.faults += [f"seed {seed}, files {numbers[0]} to {numbers[-1]}: {g}" for g in general]
    contents = Counter((file.entity.name, file.data) for file in files.values())
    for path, file in files.items():
        outcome = found.get(path, Outcome("landed"))
        tally.files += 1
        tally.refused += outcome.status == "refused"
        tally.rows += outcome.ledger[0] if outcome.ledger else 0
        tally.bad_rows += outcome.ledger[2] if outcome.ledger else 0
        if wrong := faults(file, outcome, contents[file.entity.name, file.data] > 1):
            kept.mkdir(parents=True, exist_ok=True)
            name = f"{seed}_{path.removeprefix('standard/')}"
            (kept / name).write_bytes(file.data)
            tally.faults.append(
                f"{path} (seed {seed}; {'; '.join(file.mutations) or 'no mutation'}), left as"
                f" {kept / name}:\n    " + "\n    ".join(wrong[:4])
            )


def peak_megabytes() -> int:
    """Of this process; what getrusage tells of a new one on Linux is its parent's."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000_000  # bytes, macOS
    (line,) = [one for one in status.read_text().splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 // 1_000_000


def outcomes(
    con: duckdb.DuckDBPyConnection, report: LandingReport, entities: dict[str, Entity]
) -> dict[str, Outcome]:
    """What the database holds, by path; the report gives only the status and the reasons."""
    found = {r.path: Outcome(r.status, r.reason, r.notes) for r in report.files}
    by_id: dict[tuple[str, str], Outcome] = {}
    for path, entity, file_id, *counts in con.execute(
        "select path, entity, file_id, rows_read, rows_accepted, rows_quarantined, rows_duplicate"
        " from landing.files"
    ).fetchall():
        read, accepted, quarantined, duplicate = counts
        found[path].ledger = (read, accepted, quarantined, duplicate)
        by_id[entity, file_id] = found[path]
    for name, entity in entities.items():
        columns = [column.name for column in entity.accepted_columns]
        listed = ", ".join(f'"{column}"' for column in columns)
        for file_id, number, extra, *values in con.execute(
            f'select _file_id, _row_number, _extra, {listed} from raw."{entity.table}"'
        ).fetchall():
            outcome = by_id[name, file_id]
            outcome.raw_rows += 1
            outcome.raw[number] = (dict(zip(columns, values, strict=True)), extra)
    for name, file_id, number, column, line, everything in con.execute(
        "select entity, file_id, row_number, column_name, row_text, to_json(q)::varchar"
        " from landing.quarantine as q"
    ).fetchall():
        outcome = by_id[name, file_id]
        if column is None:
            outcome.unread[number] = line
        else:
            outcome.rejected[number] = outcome.rejected.get(number, "") + everything
    return found


def _everything(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    tables = con.execute(
        "select schema_name, table_name from duckdb_tables() where estimated_size > 0 order by all"
    ).fetchall()
    counts = 'select count(*), sum(hash(t)) from {}."{}" as t'
    return [(name, *con.execute(counts.format(*name)).fetchall()) for name in tables]


def test_mutated_files(tmp_path: Path, long: bool, figure: Callable[[str, object], None]) -> None:
    seed, count = (2, 20_000) if long else (1, 300)
    # In a process of its own, whose memory is the landing's.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        tally = pool.submit(land_mutated, seed, range(count), tmp_path / "kept").result()
    figure("files", tally.files)
    figure("refused files", tally.refused)
    figure("rows", tally.rows)
    figure("rows in quarantine", tally.bad_rows)
    figure("MB of memory at most", tally.megabytes)
    assert not tally.faults, f"{len(tally.faults)} faults\n" + "\n".join(tally.faults[:20])
    assert tally.files == count
    assert tally.megabytes < 2_000


_ROWS = {
    "in another code page": 'a{},"{}",2024-01-01,true\n',
    "of two lines": 'a{},"two\nlines {}",2024-01-01,true\n',
    "with an open quote": 'a{},"{},2024-01-01,true\n',
    "in JSON of another code page":
        '{{"account_id": "a{}", "account_name": "{}", "created_at": "2024-01-01", "is_test": 0}}\n',
}  # fmt: skip


def _land_many(kind: str, count: int, folder: Path) -> tuple[tuple[int, ...], float, int]:
    """Counts of a file whose rows are all alike, the seconds of work they took, and megabytes."""
    extracts = folder / "extracts" / "standard"
    extracts.mkdir(parents=True)
    is_json = "JSON" in kind
    with (extracts / ("accounts.jsonl" if is_json else "accounts.csv")).open("wb") as file:
        text = "a name" if "page" not in kind else "شركة الشرق"
        good = (
            _ROWS["in JSON of another code page"].format("", "good")
            if is_json
            else ("account_id,account_name,created_at,is_test\na,good,2024-01-01,true\n")
        )
        file.write(good.encode())
        file.writelines(_ROWS[kind].format(n, text).encode("cp1256") for n in range(count))
    settings = load_settings(environment_of(folder, KPI_EXTRACTS=str(extracts.parent)))
    contract = {"standard": load_contract(ROOT / "models")["standard"]}
    with open_warehouse(settings) as con:
        started = time.process_time()
        land(con, extracts.parent, contract, NOW, scratch=settings.scratch_dir)
        seconds = time.process_time() - started
        counts = con.execute(
            "select rows_read, rows_accepted, rows_quarantined from landing.files"
        ).fetchone()
    return counts or (), seconds, peak_megabytes()


@pytest.mark.parametrize("kind", list(_ROWS))
def test_damage_in_every_row(
    tmp_path: Path, kind: str, long: bool, figure: Callable[[str, object], None]
) -> None:
    """What is done for a damaged row must not grow with the rows: no list of them in memory."""
    count = 1_000_000 if long else 20_000
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        counts, seconds, megabytes = pool.submit(_land_many, kind, count, tmp_path).result()
    good = count if kind == "of two lines" else 0
    assert counts == (count + 1, good + 1, count - good)
    figure(f"MB for {count:,} rows {kind}", megabytes)
    assert megabytes < 2_000
    assert seconds < 3 + count / 10_000
