"""Promise 6: a disk that is full during landing, build and publishing."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.defs.faults import verdict
from orchestration.faults import advice, is_disk_full, is_passing_trouble
from orchestration.publish import PublishError, clear_half_made, publish
from orchestration.settings import PROJECT_DIR, load_settings
from tests.environment import environment_of
from tests.reliability.company import Company
from tests.reliability.reader import look
from tests.reliability.same import check_books

pytestmark = pytest.mark.promise(6)

Figure = Callable[[str, object], None]
MB = 1_000_000


class Disk:
    """A small file system over a folder: a tmpfs, or where none can be mounted a limit on files.

    The stand-in lets no file of a run grow beyond the size: also an error in the middle of a write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.size = 0
        folder.mkdir(parents=True, exist_ok=True)
        self.is_real = self._mount("size=64m") == 0

    @property
    def kind(self) -> str:
        return "tmpfs" if self.is_real else "limit on the size of files"

    def hold(self, size: int) -> None:
        """Let it have so many bytes in all."""
        self.size = size
        if self.is_real:
            assert self._mount(f"remount,size={size}") == 0

    def room(self, free: int) -> None:
        """Let so many bytes be free."""
        if self.is_real:
            self.hold(sum(p.lstat().st_blocks * 512 for p in self.folder.rglob("*")) + free)
        else:
            self.hold(max(p.stat().st_size for p in self.folder.rglob("*")) + free)

    def grow(self) -> None:
        self.size = 0
        if self.is_real:
            assert self._mount("remount,size=256m") == 0

    def limit(self) -> None:
        """For a process that is about to start."""
        if not self.is_real and self.size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.size))

    def close(self) -> None:
        if self.is_real:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def _mount(self, options: str) -> int:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """A small disk in place of a folder, with what is in it."""
    kept = folder.with_name(folder.name + "_kept")
    if folder.exists():
        folder.rename(kept)
    small = Disk(folder)
    try:
        if kept.exists():
            shutil.copytree(kept, folder, dirs_exist_ok=True, symlinks=True)
        yield small
    finally:
        small.close()


def land(company: Company, small: Disk, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make land`, on a disk that may be too small."""
    return subprocess.run(
        [sys.executable, "-m", "orchestration.landing"],
        cwd=PROJECT_DIR,
        env={**os.environ, **company.environment, **environment},
        text=True,
        capture_output=True,
        check=False,
        preexec_fn=small.limit,
    )


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def big_file(company: Company, name: str, rows: int, zipped: bool = False) -> None:
    lines = "cta_event_id,cta_id,event_type,visitor_id,occurred_at,is_bot\n" + "".join(
        f"{name}{hashlib.md5(b'%d' % n).hexdigest()},w2,impression,v{n},2025-02-22,false\n"
        for n in range(rows)
    )
    path = company.folder / f"extracts/standard/cta_events_{name}.csv{'.gz' if zipped else ''}"
    path.write_bytes(gzip.compress(lines.encode(), 1) if zipped else lines.encode())


def free_bytes(warehouse: Path) -> int:
    """Room in blocks that the file has freed."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        row = con.execute("select block_size * free_blocks from pragma_database_size()").fetchone()
    assert row
    return int(row[0])


def test_landing_on_a_full_disk(
    company: Company, tmp_path: Path, long: bool, figure: Figure
) -> None:
    """Of a file all or nothing; the folder, the room and what to do are said; then it heals."""
    small_company = company.copy(tmp_path / "company")
    warehouse, private = small_company.settings.warehouse, small_company.settings.private_dir
    failed = 0
    with disk(private) as small:
        files = check_books(warehouse)
        for turn, free in enumerate([100_000, 1 * MB, 2 * MB, 4 * MB] if long else [MB]):
            for zipped in (False, True):
                name = f"t{turn}{'z' if zipped else 'p'}"
                rows = 80_000 + (free + free_bytes(warehouse)) // 10
                big_file(small_company, name, rows, zipped)
                small.room(free)
                started = time.monotonic()
                done = land(small_company, small)
                assert done.returncode == 1, done.stdout
                assert time.monotonic() - started < 140, "nothing is tried again in vain"
                last = done.stderr.splitlines()[-1]
                assert f"The disk of {private} is full: " in last, done.stderr[-3000:]
                assert "point KPI_WAREHOUSE to a larger disk" in last
                assert "was refused" not in done.stdout, "the file is not at fault"
                small.grow()
                assert check_books(warehouse) == files, "nothing of the file is in"
                done = land(small_company, small)
                assert done.returncode == 0, done.stderr
                told = f"1 files landed, 0 refused; {rows:,} rows read, {rows:,} accepted"
                assert told in done.stdout
                files += 1
                assert check_books(warehouse) == files
                failed += 1
        assert not list((private / "scratch").iterdir())
    figure(f"landings on a full disk ({small.kind})", failed)


def test_landing_needs_no_room_in_the_folder_for_temporary_files(
    company: Company, tmp_path: Path
) -> None:
    """Copies of extracts hold personal data; they lie in the private folder and nowhere else."""
    copied = company.copy(tmp_path / "company")
    big_file(copied, "a", 20_000, zipped=True)
    with disk(tmp_path / "temporary") as small:
        if small.is_real:
            (small.folder / "full").write_bytes(b"x" * 1000)
            small.hold(4096)
        done = land(copied, small, TMPDIR=str(small.folder))
        left = [path.name for path in small.folder.iterdir()]
    assert done.returncode == 0, done.stderr
    assert "1 files landed" in done.stdout
    assert left in (["full"], [])


@pytest.mark.parametrize("place", ["private", "published"])
def test_building_on_a_full_disk(
    company: Company, tmp_path: Path, place: str, long: bool, figure: Figure
) -> None:
    calm = company.copy(tmp_path / "calm")
    calm.send(2)
    big_file(calm, "more", 40_000)
    calm.cycle(2).end()
    expected = look(calm.settings.published_file)

    copied = company.copy(tmp_path / "company")
    copied.send(1)
    copied.cycle(1).end()
    copied.send(2)
    big_file(copied, "more", 40_000)
    copied.pipeline.run("land", copied.environment)
    settings = copied.settings
    with disk(copied.folder / place) as small:
        published = settings.published_file.resolve()
        before, seen = digest(published), look(settings.published_file)
        first = copied.first_release.stat().st_size
        for part in (0.0, 0.2, 0.4) if long else (0.2,):
            small.room(int(part * MB) if place == "private" else int(first * (0.6 + part)))
            started = time.monotonic()
            error = copied.cycle(2, limit=0 if small.is_real else small.size).ended()
            assert error, "the disk was large enough"
            assert is_disk_full(error), error
            assert not is_passing_trouble(error)
            assert time.monotonic() - started < 140
            known = advice(error, settings)
            assert known
            assert f"The disk of {copied.folder / place} is full: " in known, error
            assert settings.published_file.resolve() == published
            assert digest(published) == before
            assert look(settings.published_file) == seen
            clear_half_made(settings.releases_dir, settings.published_file)
            assert [path.stem for path in settings.releases_dir.glob("*.duckdb")] == [
                published.stem
            ], "what is half made does not keep the disk full"
        small.grow()
        copied.cycle(2).end()
        assert look(settings.published_file) == expected
    figure(f"builds with {place}/ full ({small.kind})", 3 if long else 1)


# Publishing --------------------------------------------------------------------------------------


def made(folder: Path, name: str, rows: int = 10) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"kpis_{name}.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema scorecard")
        con.execute("create table scorecard.publication as select date '2026-01-31' as as_of_date")
        con.execute(
            "create table scorecard.kpi_values as"
            f" select md5(i::varchar) as n from range({rows}) as t(i)"
        )
    return path


def test_publishing_on_a_full_disk(tmp_path: Path, figure: Figure) -> None:
    """The log of the release cannot be folded in, or its manifest not written."""
    folder = tmp_path / "published"
    link, releases = folder / "sales_kpis.duckdb", folder / "releases"
    with disk(folder) as small:
        publish(made(releases, "a"), link, kept=3)
        before = digest(link)
        waiting = made(releases, "b", 1000)
        con = duckdb.connect(str(waiting))
        con.execute("set checkpoint_threshold = '1GB'; pragma disable_checkpoint_on_shutdown")
        con.execute(
            "insert into scorecard.kpi_values select md5(i::varchar) from range(20000) t(i)"
        )
        con.close()
        if small.is_real:
            small.room(0)
            with pytest.raises((duckdb.Error, OSError)) as caught:
                publish(waiting, link, kept=3)
            assert is_disk_full(str(caught.value))
            assert digest(link) == before
            assert link.resolve().stem == "kpis_a"
            small.grow()
        publish(waiting, link, kept=3)
        assert link.resolve().stem == "kpis_b"
        with duckdb.connect(str(link), read_only=True) as con:
            assert con.execute("select count(*) from scorecard.kpi_values").fetchone() == (21000,)
    figure("publishing on a full disk", small.kind)


@pytest.mark.parametrize("call", ["fsync", "replace", "symlink"])
def test_publishing_where_a_call_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Whichever of these calls fails, and whenever: readers have the old release or the new one,
    whole, and publishing again does what was not done."""
    real = getattr(os, call)
    link, releases = tmp_path / "sales_kpis.duckdb", tmp_path / "releases"
    for fails_at in range(1, 9):
        shutil.rmtree(releases, ignore_errors=True)
        link.unlink(missing_ok=True)
        publish(made(releases, "a"), link, kept=3)
        release, calls = made(releases, "b"), 0

        def failing(*arguments: Any, at: int = fails_at, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **named)

        monkeypatch.setattr(os, call, failing)
        try:
            publish(release, link, kept=3)
        except (OSError, PublishError):
            assert link.resolve().stem in ("kpis_a", "kpis_b")
            with duckdb.connect(str(link), read_only=True) as con:
                rows = con.execute("select count(*) from scorecard.kpi_values").fetchone()
            assert rows == (10,)
            failed = True
        else:
            failed = False
        monkeypatch.setattr(os, call, real)
        publish(release, link, kept=3)
        assert link.resolve().stem == "kpis_b"
        if not failed:
            assert fails_at > 1, "the call is never made"
            return
    pytest.fail("more calls than this test knows of")


# What a run leaves -------------------------------------------------------------------------------


def test_what_failed_runs_have_left_goes_before_the_next_build(tmp_path: Path) -> None:
    releases, link = tmp_path / "releases", tmp_path / "sales_kpis.duckdb"
    publish(made(releases, "old"), link, kept=3)
    publish(made(releases, "now"), link, kept=3)
    made(releases, "failed")
    (releases / "kpis_killed.duckdb").write_bytes(b"half")
    (releases / "kpis_killed.duckdb.wal").write_bytes(b"half")
    building = made(releases, "building")
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    writer = subprocess.Popen(
        [sys.executable, "-c", hold, str(made(releases, "elsewhere"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert writer.stdout
    writer.stdout.readline()
    try:
        clear_half_made(releases, link, but=building)
        assert sorted(path.stem for path in releases.glob("*.duckdb")) == [
            "kpis_building",
            "kpis_elsewhere",
            "kpis_now",
            "kpis_old",
        ]
        assert not list(releases.glob("*.wal"))
    finally:
        writer.communicate(b"\n")


def test_a_full_disk_is_never_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of(tmp_path).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    for folder in (settings.private_dir, settings.releases_dir):
        folder.mkdir(parents=True)
    step: Any = SimpleNamespace(retry_number=0, log=SimpleNamespace(warning=pytest.fail))
    warehouse, release = settings.warehouse, settings.releases_dir / "kpis_1.duckdb"
    said = {
        f'Could not write file "{warehouse}.wal": No space left on device': "KPI_WAREHOUSE",
        f"[Errno 28] No space left on device: '{release}'": "KPI_PUBLISHED",
        f'Could not write file "{release}": Disk quota exceeded': "KPI_PUBLISHED",
        f'failed to offload data block: "{warehouse}.tmp"'
        " This limit was set by the 'max_temp_directory_size' setting.": "KPI_WAREHOUSE",
        # Both at once: dbt's log may tell of an earlier try that met a lock.
        f'Could not set lock on file "x"\nCould not write file "{release}": No space left on'
        " device": "KPI_PUBLISHED",
    }
    for message, name in said.items():
        found = verdict(step, message)
        assert isinstance(found, dg.Failure), message
        assert not found.allow_retries
        text = str(found.description)
        assert f"point {name} to a larger disk" in text
        assert " MB are free" in text
    with disk(tmp_path / "full") as small:
        monkeypatch.setattr("tempfile.tempdir", str(small.folder))
        if small.is_real:
            small.hold(4096)
            (small.folder / "x").write_bytes(b"x" * 4096)
            unnamed = advice("No space left on device", settings)
            assert unnamed
            assert f"The disk of {small.folder} is full: 0.0 of 0.0 MB" in unnamed
