"""Personal data of people outside the company, and secrets, leave the private warehouse nowhere."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import os
import sqlite3
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.landing import Entity, ExposedError, load_contract, open_warehouse
from orchestration.publish import publish
from orchestration.settings import PROJECT_DIR, Settings, load_settings
from tests.acceptance.conftest import run
from tests.environment import environment_of, new_home

# Every canary holds one of these. Telephone numbers are digits, so theirs is one.
WORD, NUMBER, SECRET = "qzcanary7f3a", "990077553311", "qzsecret5b1d"
AS_OF = "2025-12-31"


# Canaries ----------------------------------------------------------------------------------------


def canary(where: str, kind: str = "text") -> str:
    """A value of its own for a place, by which it is known again."""
    plain = "".join(c if c.isalnum() else "-" for c in where.lower())
    if kind == "email":
        return f"{plain}@{WORD}.example"
    if kind == "phone":
        return f"+{NUMBER}{sum(map(ord, plain)):06}"
    return f"{WORD} {plain}"


def plant(extracts: Path) -> set[str]:
    """Write further files, full of canaries, among the demo's; the canaries that are to land."""
    planted: set[str] = set()
    contract = load_contract(PROJECT_DIR / "models")
    for source in contract.values():
        folder = extracts / source.name
        folder.mkdir(exist_ok=True)
        for entity in source.entities.values():
            if any(column.pii for column in entity.columns) or source.name == "maven":
                rows = _rows(entity, folder)
                planted |= _fill(entity, rows)
                _write(folder / f"{entity.name}_filled.csv", rows)
    standard = extracts / "standard"
    # Rows that wait: a value that does not fit, a line that cannot be read.
    waiting = {
        "contact_id": "k-waits",
        "email": canary("waits", "email"),
        "created_at": "yesterday",
    }
    _write(standard / "contacts_waiting.csv", [waiting])
    with (standard / "contacts_waiting.csv").open("a") as file:
        file.write(f"k-broken,{canary('broken')},2024-01-01,too many\n")
    misplaced = {"contact_id": "k-shifted", "email": "", "created_at": canary("shifted", "email")}
    _write(standard / "contacts_shifted.csv", [misplaced])
    planted |= {waiting["email"], canary("broken"), misplaced["created_at"]}
    # Files that are refused: without a column that must be there, without a header, of no kind.
    _write(standard / "leads_refused.csv", [{"email": canary("refused", "email"), "note": "x"}])
    (standard / "leads_bare.csv").write_text(f"l1,{canary('bare', 'email')},{canary('bare')}\n" * 3)
    (standard / "letters.csv").write_text(canary("letters"))
    (standard / "leads_broken.jsonl").write_text(f'["{canary("list")}"]\n{canary("no json")}\n')
    (standard / "contacts_broken.parquet").write_bytes(b"PAR1" + canary("parquet").encode() * 20)
    (standard / "contacts_broken.csv.gz").write_bytes(gzip.compress(canary("gz").encode())[:-9])
    return planted


def _rows(entity: Entity, folder: Path) -> list[dict[str, str]]:
    """Some rows of the entity as the demo has them, or made up where the demo has none."""
    files = [p for p in folder.glob(f"{entity.name}[._]*") if p.suffix != ".parquet"]
    rows: list[dict[str, str]] = []
    for path in sorted(files):
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
        if ".jsonl" in path.name:
            found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        else:
            found = list(csv.DictReader(io.StringIO(text)))
        wanted = next((c.pii_where for c in entity.columns if c.pii_where), None)
        rows += [
            row for row in found
            if None not in row and (wanted is None or row.get(wanted[0]) == wanted[1])
        ]  # fmt: skip
    if rows:
        return [dict(row) for row in rows[10:40] or rows]
    made: dict[str, str] = {}
    for column in entity.columns:
        fitting = {"integer": "2000", "date": "2024-01-01"}.get(column.data_type, "1")
        made[column.name] = column.accepted[0] if column.accepted else fitting
    return [made]


def _fill(entity: Entity, rows: list[dict[str, str]]) -> set[str]:
    """Put canaries into every personal column of the rows and into a column that nobody knows."""
    values = {
        column.name: canary(f"{entity.table} {column.name}", column.pii)
        for column in entity.columns
        if column.pii
    }
    values["unheard_of"] = canary(f"{entity.table} unheard of")
    for number, row in enumerate(rows):
        row.update(values, updated_at="2025-12-31T23:00:00Z")
        for name, value in values.items():
            if "@" in value:  # nobody else's, so that people are not taken for each other
                row[name] = f"n{number}.{value}"
    return set(values.values())


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)


# The search --------------------------------------------------------------------------------------


def spellings(word: str) -> set[bytes]:
    """The bytes that a word can be written as, in lower case where case does not matter."""
    found = {word.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")}
    found |= {spelt.encode().hex().encode() for spelt in (word, word.upper())}
    return found | {urllib.parse.quote(word).lower().encode()}


def in_base64(word: str) -> set[bytes]:
    """What all base64 texts with the word in them have in common, at each of three offsets."""
    found = set()
    for spelling in (word, word.upper()):
        for offset in range(3):
            coded = base64.b64encode(b"\0" * offset + spelling.encode() + b"\0\0")
            # The first and the last letters depend on what stands beside the word.
            found.add(coded[offset + 1 if offset else 0 : (offset + len(word)) * 4 // 3 - 1])
    return found


PATTERNS = {word: spellings(word) for word in (WORD, NUMBER, SECRET)}
CODED = {word: in_base64(word) for word in (WORD, NUMBER, SECRET)}


def words_in(data: bytes) -> set[str]:
    """Which of the three words the bytes have, however they are written."""
    lower = data.lower()
    return {
        word
        for word in PATTERNS
        if any(spelling in lower for spelling in PATTERNS[word])
        or any(coded in data for coded in CODED[word])
    }


def words_in_tables(path: Path) -> set[str]:
    """Which of the words any row of a DuckDB or SQLite file has; their bytes may be compressed."""
    found: set[str] = set()
    if path.read_bytes()[:6] == b"SQLite":
        with sqlite3.connect(path) as sqlite:
            names = sqlite.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (name,) in names:
                for row in sqlite.execute(f'select * from "{name}"'):
                    found |= words_in("\n".join(map(str, row)).encode())
        return found
    with duckdb.connect(str(path), read_only=True) as con:
        relations = con.execute(
            "select schema_name, table_name from duckdb_tables() where not internal union all"
            " select schema_name, view_name from duckdb_views() where not internal"
        ).fetchall()
        for schema, name in relations:
            hit = con.execute(
                f'select lower(r::varchar) from "{schema}"."{name}" as r'
                " where regexp_matches(lower(r::varchar), ?) limit 1",
                ["|".join(PATTERNS)],
            ).fetchone()
            found |= words_in(hit[0].encode()) if hit else set()
    return found


def is_database(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(12)
    return start[:6] == b"SQLite" or start[8:12] == b"DUCK"


def leaks(folder: Path) -> dict[str, set[str]]:
    """File -> the words in it, for every file below a folder."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            words = words_in(path.read_bytes())
            words |= words_in_tables(path) if is_database(path) else set()
            if words:
                found[str(path.relative_to(folder))] = words
    return found


@pytest.mark.promise(12)
def test_the_search_finds_a_canary_wherever_it_is(tmp_path: Path) -> None:
    mail = canary("x", "email")
    for word in (mail, mail.upper(), canary("x", "phone"), f"key={SECRET}", f"{SECRET.upper()}"):
        for text in (word, f"a{word}", f"ab {word} and more"):
            for data in (
                *(text.encode(encoding) for encoding in ("utf-8", "utf-16", "utf-16-be")),
                urllib.parse.quote(text).encode(),
                base64.b64encode(text.encode()),
                text.encode().hex().encode(),
            ):
                assert words_in(b"\xff\0" + data + b"\n"), (text, data)
    assert not words_in(b"nothing of the kind")
    with duckdb.connect(str(tmp_path / "some.duckdb")) as con:
        con.execute("create schema s")
        con.execute("create table s.t as select repeat('x', 9) || i as a, i from range(90000) t(i)")
        con.execute("insert into s.t values (?, 1)", [mail])
        con.execute("create view s.v as select a from s.t")
    with sqlite3.connect(tmp_path / "some.db") as sqlite:
        sqlite.execute("create table t (a text)")
        sqlite.execute("insert into t values (?)", [mail])
    for name in ("some.duckdb", "some.db"):
        assert is_database(tmp_path / name)
        assert words_in_tables(tmp_path / name) == {WORD}
    assert set(leaks(tmp_path)) == {"some.duckdb", "some.db"}


# The job -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One run of the job over the planted extracts: what it was given and all that it said."""

    folder: Path
    environment: dict[str, str]
    planted: set[str]
    said: str


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("canaries")
    new_home(folder)
    (folder / "tmp").mkdir()
    environment = {
        **os.environ,
        **environment_of(folder, AS_OF),
        "DEMO_SCALE": "0.01",
        "KPI_DEMO_TRUTHS": str(folder / "extracts/standard/README.json"),
        "TMPDIR": str(folder / "tmp"),
        # Nothing reads them; whatever copies its environment is caught.
        "KPI_SECRET_CANARY": f"{SECRET}-kpi",
        "DBT_ENV_SECRET_CANARY": f"{SECRET}-dbt",
        "CRM_API_TOKEN": f"{SECRET}-api",
        "PGPASSWORD": f"{SECRET}-password",
    }
    run(["python", "-m", "demo"], environment)
    planted = plant(folder / "extracts")
    arguments = ["job", "execute", "-m", "orchestration.definitions", "-j", "refresh"]
    said = run(["dagster", *arguments], environment)
    said += run(["python", "-m", "orchestration.scorecard"], environment)
    said += run(["python", "-m", "orchestration.landing"], environment)
    return Job(folder, environment, planted, said)


@pytest.mark.promise(12)
def test_the_private_warehouse_holds_every_canary(job: Job) -> None:
    """So the search below had something to find."""
    with duckdb.connect(job.environment["KPI_WAREHOUSE"], read_only=True) as con:
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where schema_name in ('raw', 'landing')"
        ).fetchall()
        rows = [str(row) for (t,) in tables for row in con.execute(f"from {t}").fetchall()]
        text = "\n".join(rows).lower()
        missing = [one for one in sorted(job.planted) if one not in text]
        conformed = con.execute(
            "select count(*) from conformed.contacts as t where contains(t::varchar, ?)", [WORD]
        ).fetchone()
    assert len(job.planted) > 30
    assert missing == []
    assert conformed != (0,)
    assert leaks(job.folder / "private").keys() >= {"warehouse.duckdb"}


@pytest.mark.promise(12)
@pytest.mark.promise(14)
def test_no_output_holds_a_canary_or_a_secret(
    job: Job, long: bool, figure: Callable[[str, object], None]
) -> None:
    if long:
        run(
            ["dbt", "--quiet", "docs", "generate", "--profiles-dir", str(PROJECT_DIR)],
            job.environment,
        )
    assert words_in(job.said.encode()) == set()
    searched = 0
    for place in sorted(job.folder.iterdir()):
        if place.name not in ("private", "extracts"):
            assert leaks(place) == {}, place.name
            searched += sum(path.is_file() for path in place.rglob("*"))
    figure("output files searched", searched)
    assert {"dagster", "published", "target", "tmp"} <= {p.name for p in job.folder.iterdir()}
    # Where they would be: the events of the run, what dbt logged, each release.
    databases = [path for path in (job.folder / "dagster").rglob("*.db") if is_database(path)]
    assert len(databases) >= 3
    assert list((job.folder / "target").rglob("dbt.log"))
    assert list((job.folder / "published/releases").glob("*.duckdb"))
    secrets = words_in_tables(Path(job.environment["KPI_WAREHOUSE"])) & {SECRET}
    assert secrets == set()


@pytest.mark.promise(12)
def test_what_was_refused_is_told_without_what_is_in_it(job: Job) -> None:
    with duckdb.connect(job.environment["KPI_WAREHOUSE"], read_only=True) as con:
        refused = dict(con.execute("select path, reason from landing.refusals").fetchall())
    assert {
        f"standard/{name}"
        for name in (
            "leads_refused.csv", "leads_bare.csv", "letters.csv", "leads_broken.jsonl",
            "contacts_broken.parquet", "contacts_broken.csv.gz",
        )
    } <= set(refused)  # fmt: skip
    assert words_in("\n".join(refused.values()).encode()) == set()


# Who may read -------------------------------------------------------------------------------------


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    before = os.umask(0o022)
    yield lambda mask: os.umask(mask) and None
    os.umask(before)


def settings_in(folder: Path, **changed: str) -> Settings:
    return load_settings(environment_of(folder, **changed))


def open_to_others(folder: Path) -> list[str]:
    """What below a folder others can get at, the folder among it."""
    if not folder.stat().st_mode & 0o077:
        return []
    return [str(path) for path in folder.rglob("*") if path.stat().st_mode & 0o077] or [str(folder)]


@pytest.mark.promise(12)
@pytest.mark.parametrize("mask", [0, 0o022])
def test_nobody_else_can_read_the_warehouse(
    tmp_path: Path, umask: Callable[[int], None], mask: int
) -> None:
    umask(mask)
    settings = settings_in(tmp_path)
    for _ in range(2):
        with open_warehouse(settings) as con:
            con.execute("create or replace table t as select 1")
            assert open_to_others(settings.private_dir) == []
        assert settings.warehouse.stat().st_mode & 0o777 == 0o600
        # Somebody opens the folder; the next run closes it again, and the file.
        settings.private_dir.chmod(0o777)
        settings.warehouse.chmod(0o666)
        assert open_to_others(settings.private_dir)


@pytest.mark.promise(12)
def test_readers_can_read_what_is_published(tmp_path: Path, umask: Callable[[int], None]) -> None:
    umask(0o022)
    settings = settings_in(tmp_path)
    release = settings.releases_dir / "kpis_20251231_x.duckdb"
    release.parent.mkdir(parents=True)
    with duckdb.connect(str(release)) as con:
        con.execute("create schema scorecard")
        con.execute("create table scorecard.publication as select date '2025-12-31' as as_of_date")
        con.execute("create table scorecard.kpi_values as select 1 as x")
    publish(release, settings.published_file, 5)
    for path in (settings.published_file, *settings.published_file.parents[:1], release.parent):
        assert path.stat().st_mode & 0o044 == 0o044, path


@pytest.mark.promise(12)
def test_a_place_that_cannot_be_private_is_refused(tmp_path: Path) -> None:
    inside = settings_in(tmp_path, KPI_PUBLISHED=str(tmp_path / "private/published"))
    with pytest.raises(ExposedError, match=r"KPI_PUBLISHED .* lies in"):
        open_warehouse(inside)

    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(ExposedError, match="all users share"):
        open_warehouse(settings_in(tmp_path, KPI_WAREHOUSE=str(shared / "w.duckdb")))
    assert shared.stat().st_mode & 0o7777 == 0o1777

    linked = settings_in(tmp_path)
    linked.private_dir.mkdir()
    linked.warehouse.symlink_to(shared / "w.duckdb")
    with pytest.raises(ExposedError, match="is a link into another folder"):
        open_warehouse(linked)

    others = Path("/usr")
    if os.getuid() == 0:
        others = tmp_path / "others"
        others.mkdir(mode=0o755)
        os.chown(others, 65534, 65534)
    mode = others.stat().st_mode
    with pytest.raises(ExposedError, match="belongs to another user"):
        open_warehouse(settings_in(tmp_path, KPI_WAREHOUSE=str(others / "w.duckdb")))
    assert others.stat().st_mode == mode
    assert not (others / "w.duckdb").exists()


@pytest.mark.promise(12)
def test_what_has_a_bad_place_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "extracts").mkdir()
    environment = {
        **os.environ,
        "KPI_EXTRACTS": str(tmp_path / "extracts"),
        "KPI_WAREHOUSE": str(tmp_path / "private/w.duckdb"),
        "KPI_PUBLISHED": str(tmp_path / "private/published"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.landing"],
        cwd=PROJECT_DIR, env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "set KPI_WAREHOUSE to a file in a folder of its own" in done.stderr
