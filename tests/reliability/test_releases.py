"""Promise 11: the last good release stays served, the last N are kept, and one command goes back.

Most of it on files of a few rows; what a real release says of itself is told in tests/acceptance.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publish import PublishError, go_back, kept_releases, publish
from orchestration.publish import release as publishing
from orchestration.settings import PROJECT_DIR

pytestmark = pytest.mark.promise(11)


class Shelf:
    """A folder of releases and the link that readers open."""

    def __init__(self, folder: Path, kept: int = 5):
        self.folder = folder
        self.releases = folder / "releases"
        self.link = folder / "sales_kpis.duckdb"
        self.kept = kept

    def build(self, name: str) -> Path:
        """A release as dbt leaves it, which says its own name."""
        self.releases.mkdir(parents=True, exist_ok=True)
        path = self.releases / f"kpis_{name}.duckdb"
        with duckdb.connect(str(path)) as con:
            con.execute("create schema scorecard")
            con.execute(
                f"create table scorecard.publication as"
                f" select date '2026-01-01' as as_of_date, '{name}' as name"
            )
            con.execute("create table scorecard.kpi_values as select 1 as kpi_value")
        return path

    def publish(self, name: str) -> None:
        path = self.releases / f"kpis_{name}.duckdb"
        publish(path if path.exists() else self.build(name), self.link, self.kept)

    def back(self, to: str | None = None) -> str:
        return go_back(self.link, self.releases, to).release

    def served(self) -> str:
        """What a reader finds."""
        with duckdb.connect(str(self.link.resolve()), read_only=True) as con:
            row = con.execute("select name from scorecard.publication").fetchone()
        assert row is not None
        return str(row[0])

    def names(self) -> list[str]:
        return sorted(path.stem[5:] for path in self.releases.glob("*.duckdb"))

    def leftovers(self) -> list[str]:
        """Files that belong to no complete release."""
        complete = {manifest.release for manifest in kept_releases(self.releases)}
        return [p.name for p in self.releases.iterdir() if p.name.split(".")[0] not in complete]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def damage(path: Path) -> None:
    """One byte in the middle of a file is another one."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


# Going back


def test_going_back_serves_what_readers_had_before(shelf: Shelf) -> None:
    for name in ("a", "b", "c"):
        shelf.publish(name)
    assert shelf.back() == "kpis_b"
    assert shelf.served() == "b"
    assert shelf.back() == "kpis_a"
    assert shelf.served() == "a"
    assert shelf.names() == ["a", "b", "c"], "going back removes nothing"
    with pytest.raises(PublishError, match="kpis_a knows of no release before it"):
        shelf.back()
    # And forward again, by name.
    shelf.back("kpis_c.duckdb")
    assert shelf.served() == "c"


def test_the_run_after_going_back_follows_the_one_that_was_gone_back_to(shelf: Shelf) -> None:
    for name in ("a", "b", "wrong"):
        shelf.publish(name)
    shelf.back()
    shelf.publish("d")
    assert shelf.served() == "d"
    assert shelf.back() == "kpis_b", "not the one that was taken back"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (damage, "is not the file that was published: its SHA-256 is"),
        (lambda path: path.write_bytes(path.read_bytes()[:-4096]), "is not the file that was"),
        (lambda path: path.unlink(), "there is no complete release kpis_a"),
        (lambda path: path.with_suffix(".json").unlink(), "there is no complete release kpis_a"),
        (lambda path: path.with_suffix(".json").write_text("{"), "kpis_a.json cannot be read"),
        (lambda path: Path(f"{path}.wal").write_bytes(b"x"), "kpis_a.duckdb.wal lies beside it"),
    ],
    ids=["a byte", "cut off", "gone", "no manifest", "half a manifest", "a log beside it"],
)
def test_a_damaged_release_is_refused(
    shelf: Shelf, spoil: Callable[[Path], Any], message: str
) -> None:
    for name in ("a", "b"):
        shelf.publish(name)
    spoil(shelf.releases / "kpis_a.duckdb")
    with pytest.raises(PublishError, match=message):
        shelf.back()
    assert shelf.served() == "b"


def test_what_is_no_release_is_refused(shelf: Shelf) -> None:
    with pytest.raises(PublishError, match="nothing is published"):
        shelf.back()
    for name in ("a", "b"):
        shelf.publish(name)
    shelf.build("half")
    outside = shelf.folder / "kpis_outside.duckdb"
    shutil.copy(shelf.releases / "kpis_a.duckdb", outside)
    shutil.copy(shelf.releases / "kpis_a.json", outside.with_suffix(".json"))
    for name, message in {
        "kpis_b": "is the published release already",
        "kpis_half": "there is no complete release kpis_half",
        "kpis_z": "there is no complete release kpis_z",
        "../kpis_outside": "is no name of a release",
        str(outside): "is no name of a release",
    }.items():
        with pytest.raises(PublishError, match=message):
            shelf.back(name)
    assert shelf.served() == "b"


def test_a_link_that_leads_nowhere_is_mended_by_name(shelf: Shelf) -> None:
    for name in ("a", "b"):
        shelf.publish(name)
    (shelf.releases / "kpis_b.duckdb").unlink()
    with pytest.raises(PublishError, match="TO=<name>"):
        shelf.back()
    shelf.back("kpis_a")
    assert shelf.served() == "a"


def test_the_commands(shelf: Shelf) -> None:
    """`make releases` and `make back` as a person types them."""
    for name in ("a", "b", "c"):
        shelf.publish(name)

    def make(*target: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "--no-print-directory", *target, "-o", "setup"],
            cwd=PROJECT_DIR,
            env={**os.environ, "KPI_PUBLISHED": str(shelf.folder)},
            text=True,
            capture_output=True,
            check=False,
        )

    assert make("back").stdout == "published again: kpis_b, as of 2026-01-01\n"
    assert shelf.served() == "b"
    assert make("back", "TO=kpis_a").returncode == 0
    assert shelf.served() == "a"
    listed = make("releases").stdout.splitlines()[1:]
    assert [line.split()[:2][-1] if line[0] == ">" else line.split()[0] for line in listed] == [
        *("kpis_c", "kpis_b", "kpis_a"),
    ]
    assert [line[0] for line in listed] == [" ", " ", ">"]
    digest = hashlib.sha256((shelf.releases / "kpis_a.duckdb").read_bytes()).hexdigest()
    assert digest[:12] in listed[2]
    refused = make("back", "TO=kpis_z")
    assert refused.returncode != 0
    assert "nothing has changed: there is no complete release kpis_z" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert shelf.served() == "a"


# What is kept


def test_the_line_of_the_published_release_is_kept_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, kept=3)
    for name in ("a", "b", "c", "d"):
        shelf.publish(name)
    assert shelf.names() == ["b", "c", "d"]
    shelf.back("kpis_b")
    assert shelf.names() == ["b", "c", "d"]
    shelf.publish("e")
    assert shelf.names() == ["b", "d", "e"], "b is what one goes back to, d is the youngest other"
    assert shelf.leftovers() == []


def test_what_dead_runs_have_left_goes(shelf: Shelf) -> None:
    shelf.publish("a")
    half = shelf.build("half")
    Path(f"{half}.wal").write_bytes(b"x")
    (shelf.releases / "kpis_killed.duckdb.wal").write_bytes(b"x")
    (shelf.releases / "kpis_killed.duckdb.tmp").mkdir()
    (shelf.releases / ".kpis_dead.json.123").write_text("{")
    (shelf.releases / "README.txt").write_text("of the user")
    (shelf.releases / "kpis_notes.txt").write_text("of the user")
    shelf.publish("b")
    assert sorted(shelf.leftovers()) == ["README.txt", "kpis_notes.txt"]
    assert shelf.names() == ["a", "b"]


def test_a_release_that_is_being_built_stays(shelf: Shelf) -> None:
    """Another run builds it while this one publishes: its half is not taken for a dead one's."""
    shelf.publish("a")
    path = shelf.releases / "kpis_of_another_run.duckdb"
    program = (
        f"import duckdb, sys; con = duckdb.connect({str(path)!r}); con.execute('create table t"
        " (n int)'); con.execute('checkpoint'); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        shelf.publish("b")
        assert path.exists()
        other.stdin.close()
        other.wait()
    shelf.publish("c")
    assert not path.exists()


def test_releases_from_before_there_were_manifests(shelf: Shelf) -> None:
    """The published one can be gone back to; it is sealed when the next one is published."""
    for name in ("a", "b"):
        shelf.publish(name)
    for manifest in shelf.releases.glob("*.json"):
        manifest.unlink()
    shelf.publish("c")
    assert shelf.names() == ["b", "c"]
    shelf.back()
    assert shelf.served() == "b"


# Whatever happens in between


class Crash(BaseException):
    """The process ends here."""


@contextmanager
def crash_at(step: int, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """End at the step-th call that changes the disk; yields the steps that were taken."""
    steps: list[str] = []

    def guarded(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            if len(steps) == step:
                if name == "dump":
                    args[1].write("{")  # half of a manifest
                raise Crash
            steps.append(name)
            return call(*args, **kwargs)

        return run

    with patch.context() as patched:
        for module, name in [
            *((os, name) for name in ("replace", "fsync")),
            *((Path, name) for name in ("symlink_to", "unlink", "open")),
            *((json, name) for name in ("dump",)),
            *((publishing, name) for name in ("_settle", "digest")),
        ]:
            patched.setattr(module, name, guarded(name, getattr(module, name)))
        yield steps


@pytest.mark.parametrize("action", ["publish", "back"])
def test_a_crash_at_any_step_leaves_the_old_or_the_new(
    action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[..., None]
) -> None:
    """At every step that touches the disk: readers have a whole release whose manifest is true,
    nothing is listed that is not there, and doing it again ends as if nothing had happened."""
    kept = 1 if action == "publish" else 3  # with 1, what readers have is next to be removed
    first = Shelf(tmp_path / "first", kept)
    for name in ("a", "b", "c"):
        first.publish(name)
    first.build("d")
    expected = Shelf(tmp_path / "expected", kept)
    shutil.copytree(first.folder, expected.folder, symlinks=True)
    expected.publish("d") if action == "publish" else expected.back()
    step = 0
    while True:
        shelf = Shelf(tmp_path / str(step), kept)
        shutil.copytree(first.folder, shelf.folder, symlinks=True)
        with crash_at(step, monkeypatch) as steps:
            try:
                shelf.publish("d") if action == "publish" else shelf.back()
                is_through = True
            except Crash:
                is_through = False
        assert shelf.served() in ("c", expected.served())
        digests = {manifest.release: manifest.sha256 for manifest in kept_releases(shelf.releases)}
        assert f"kpis_{shelf.served()}" in digests
        for name, digest in digests.items():
            data = (shelf.releases / f"{name}.duckdb").read_bytes()
            assert hashlib.sha256(data).hexdigest() == digest, f"{name} after {steps}"
        if shelf.served() != expected.served() or action == "publish":
            shelf.publish("d") if action == "publish" else shelf.back()
        assert (shelf.served(), shelf.names()) == (expected.served(), expected.names()), steps
        assert shelf.leftovers() == expected.leftovers(), steps
        follows = [(m.release, m.follows) for m in kept_releases(shelf.releases)]
        assert follows == [(m.release, m.follows) for m in kept_releases(expected.releases)]
        if is_through:
            break
        step += 1
    figure(f"steps at which {action} was stopped", step)
    assert step >= (10 if action == "publish" else 4)


def test_any_order_of_publishing_and_going_back(
    tmp_path: Path, long: bool, figure: Callable[..., None]
) -> None:
    """A random walk beside a list kept by hand: what is served, what one can go back to, and that
    never more than the agreed number is kept."""
    rng = random.Random(20260131)
    actions = 0
    for walk in range(40 if long else 3):
        kept = rng.randint(1, 4)
        shelf = Shelf(tmp_path / str(walk), kept)
        line: list[str] = []  # what readers had, the present one last
        for number in range(30 if long else 12):
            actions += 1
            if len(line) < 2 or rng.random() < 0.6:
                name = f"r{number}"
                # What an earlier publication has removed does not come back.
                there = {name, *shelf.names()}
                shelf.publish(name)
                line.append(name)
                unbroken = list(itertools.takewhile(there.__contains__, reversed(line)))
                assert len(shelf.names()) <= kept
                assert set(unbroken[:kept]) <= set(shelf.names())
            elif line[-2] in shelf.names():
                shelf.back()
                line.pop()
            else:
                with pytest.raises(PublishError, match="no complete release"):
                    shelf.back()
            assert shelf.served() == line[-1]
            assert shelf.leftovers() == []
    figure("times published or gone back", actions)
