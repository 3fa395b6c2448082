"""Personal data of people outside the company, and secrets, leave the private warehouse nowhere."""

from __future__ import annotations

import base64
import os
import sqlite3
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.landing import ExposedError, open_warehouse
from orchestration.publish import publish
from orchestration.settings import PROJECT_DIR, Settings, load_settings
from tests.environment import environment_of, run
from tests.reliability.canaries import (
    SECRET,
    WORD,
    CanaryRun,
    canary,
    is_database,
    leaks,
    words_in,
    words_in_tables,
)


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


# The run ------------------------------------------------------------------------------------------


@pytest.mark.promise(12)
def test_the_private_warehouse_holds_every_canary(canary_run: CanaryRun) -> None:
    """So the search below had something to find."""
    with duckdb.connect(canary_run.environment["KPI_WAREHOUSE"], read_only=True) as con:
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where schema_name in ('raw', 'landing')"
        ).fetchall()
        rows = [str(row) for (t,) in tables for row in con.execute(f"from {t}").fetchall()]
        text = "\n".join(rows).lower()
        missing = [one for one in sorted(canary_run.planted) if one not in text]
        conformed = con.execute(
            "select count(*) from conformed.contacts as t where contains(t::varchar, ?)", [WORD]
        ).fetchone()
    assert len(canary_run.planted) > 30
    assert missing == []
    assert conformed != (0,)
    assert leaks(canary_run.folder / "private").keys() >= {"warehouse.duckdb"}


@pytest.mark.promise(12)
@pytest.mark.promise(14)
def test_no_output_holds_a_canary_or_a_secret(
    canary_run: CanaryRun, long: bool, figure: Callable[[str, object], None]
) -> None:
    if long:
        run(
            *("dbt", "--quiet", "docs", "generate", "--profiles-dir", str(PROJECT_DIR)),
            environment=canary_run.environment,
        )
    assert words_in(canary_run.said.encode()) == set()
    searched, folder = 0, canary_run.folder
    for place in sorted(folder.iterdir()):
        if place.name not in ("private", "extracts"):
            assert leaks(place) == {}, place.name
            searched += sum(path.is_file() for path in place.rglob("*"))
    figure("output files searched", searched)
    assert {"dagster", "published", "target", "tmp"} <= {
        p.name for p in canary_run.folder.iterdir()
    }
    # Where they would be: the events of the run, what dbt logged, each release.
    databases = [path for path in (folder / "dagster").rglob("*.db") if is_database(path)]
    assert len(databases) >= 3
    assert list((folder / "target").rglob("dbt.log"))
    assert list((folder / "published/releases").glob("*.duckdb"))
    secrets = words_in_tables(Path(canary_run.environment["KPI_WAREHOUSE"])) & {SECRET}
    assert secrets == set()


@pytest.mark.promise(12)
def test_what_was_refused_is_told_without_what_is_in_it(canary_run: CanaryRun) -> None:
    with duckdb.connect(canary_run.environment["KPI_WAREHOUSE"], read_only=True) as con:
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
