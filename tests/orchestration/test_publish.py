"""Publishing: all or nothing, and readers never see a half."""

import hashlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.publish import PublishError, publish


def make_release(folder: Path, name: str, as_of: str, cells: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"kpis_{name}.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema scorecard")
        con.execute(f"create table scorecard.publication as select date '{as_of}' as as_of_date")
        con.execute(f"create table scorecard.kpi_values as select * from range({cells}) as t(n)")
    return path


def as_of_of(published: Path) -> str:
    with duckdb.connect(str(published), read_only=True) as con:
        row = con.execute("select as_of_date from scorecard.publication").fetchone()
    assert row is not None
    return str(row[0])


def test_a_release_becomes_the_published_file(tmp_path: Path) -> None:
    release = make_release(tmp_path / "releases", "a", "2026-01-31", cells=3)
    published = tmp_path / "sales_kpis.duckdb"
    made = publish(release, published, kept=3)
    assert (made.as_of_date, made.tables, made.kpi_cells) == ("2026-01-31", 2, 3)
    assert published.is_symlink()
    assert not os.path.isabs(os.readlink(published)), "the folder can be moved as a whole"
    assert as_of_of(published) == "2026-01-31"


def test_a_reader_keeps_what_it_has_open_and_the_next_sees_the_new_one(tmp_path: Path) -> None:
    published = tmp_path / "sales_kpis.duckdb"
    publish(make_release(tmp_path / "releases", "a", "2026-01-30"), published, kept=3)
    with duckdb.connect(str(published.resolve()), read_only=True) as reader:
        publish(make_release(tmp_path / "releases", "b", "2026-01-31"), published, kept=3)
        seen = reader.execute("select as_of_date from scorecard.publication").fetchone()
        assert seen is not None
        assert str(seen[0]) == "2026-01-30"
    assert as_of_of(published) == "2026-01-31"


def test_an_incomplete_release_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    published = tmp_path / "sales_kpis.duckdb"
    publish(make_release(tmp_path / "releases", "a", "2026-01-30"), published, kept=3)
    broken = tmp_path / "releases/kpis_b.duckdb"
    with duckdb.connect(str(broken)) as con:
        con.execute("create table half_a_mart as select 1 as n")
    with pytest.raises(PublishError, match="not a complete release"):
        publish(broken, published, kept=3)
    with pytest.raises(PublishError, match="does not exist"):
        publish(tmp_path / "releases/kpis_c.duckdb", published, kept=3)
    assert as_of_of(published) == "2026-01-30"


def names(releases: Path) -> list[str]:
    return sorted(path.stem for path in releases.glob("kpis_*.duckdb"))


def test_old_releases_go_and_the_published_one_never_does(tmp_path: Path) -> None:
    releases, published = tmp_path / "releases", tmp_path / "sales_kpis.duckdb"
    for number in range(1, 5):
        publish(make_release(releases, f"{number}", f"2026-01-0{number}"), published, kept=3)
    assert names(releases) == ["kpis_2", "kpis_3", "kpis_4"]
    # An older one once more: it is the published one and stays, however old.
    publish(releases / "kpis_2.duckdb", published, kept=1)
    assert [path.name for path in sorted(releases.iterdir())] == ["kpis_2.duckdb", "kpis_2.json"]
    assert as_of_of(published) == "2026-01-02"


def test_a_published_release_is_described_beside_it(tmp_path: Path) -> None:
    releases, published = tmp_path / "releases", tmp_path / "sales_kpis.duckdb"
    publish(make_release(releases, "a", "2026-01-30"), published, kept=3, run="run_1")
    publish(make_release(releases, "b", "2026-01-31", cells=7), published, kept=3, run="run_2")
    manifest = json.loads((releases / "kpis_b.json").read_text())
    sealed_at = manifest.pop("sealed_at")
    assert datetime.fromisoformat(sealed_at).utcoffset() == timedelta(0)
    file = releases / "kpis_b.duckdb"
    assert manifest == {
        "release": "kpis_b",
        "run": "run_2",
        "as_of_date": "2026-01-31",
        "follows": "kpis_a",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "size_bytes": file.stat().st_size,
        "tables": 2,
        "kpi_cells": 7,
    }
    assert json.loads((releases / "kpis_a.json").read_text())["follows"] is None


def test_publishing_twice_changes_nothing(tmp_path: Path) -> None:
    """Not even while a reader has the file open, which nobody could write to then."""
    releases, published = tmp_path / "releases", tmp_path / "sales_kpis.duckdb"
    publish(make_release(releases, "a", "2026-01-30"), published, kept=3)
    made = publish(make_release(releases, "b", "2026-01-31"), published, kept=3)
    with duckdb.connect(str(releases / "kpis_b.duckdb"), read_only=True):
        assert publish(releases / "kpis_b.duckdb", published, kept=3) == made
    assert made.follows == "kpis_a"
