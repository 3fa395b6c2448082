"""A person is erased: nothing of them is left or comes back, and no number moves."""

from __future__ import annotations

import dataclasses
import gzip
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.landing import LandingReport, create_raw_tables, land, load_contract
from orchestration.landing.erasure import ErasureError, erase, summary
from orchestration.landing.warehouse import open_warehouse
from orchestration.settings import PROJECT_DIR, Settings, load_settings
from tests.acceptance.warehouse import Warehouse
from tests.environment import environment_of

pytestmark = pytest.mark.promise(13)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)

# Ann in every place where she can be; everything of hers has a word that nothing else has.
ANN = [
    *("ann-first@canary.example", "ann-second@canary.example", "ann-private@canary.example"),
    *("ann-zoho@canary.example", "annie-canary", "recordings/canary-ann", "canary hello ann"),
    *("canary-annova", "canary with ann", "canary household", "004917012345678"),
]
FILES = {
    "standard/accounts_1.csv": """
        account_id,account_name,business_model,created_at,is_test
        h1,Canary Household,b2c,2024-01-01T00:00:00Z,false
        h1,Canary Household,,2024-01-01T00:00:00Z,false
        b1,Acme,b2b,2024-01-01T00:00:00Z,false
    """,
    "standard/contacts_1.csv": """
        contact_id,account_id,email,phone,created_at,updated_at,nickname
        k1,h1,Ann-First@canary.example,0049 170 12345678,2024-01-01,2024-01-01,Annie-Canary
        k2,b1,bo@x.example,(0049) 170-12345678,2024-01-02T00:00:00Z,,Bobby
        k3,b1,cy@x.example,12-34,2024-01-03T00:00:00Z,,
    """,
    "standard/contacts_2.csv": """
        contact_id,account_id,email,phone,created_at,updated_at
        k1,b1,ann-second@canary.example,,2024-01-01T00:00:00Z,2024-02-01T00:00:00Z
    """,
    "standard/contacts_3.csv": """
        contact_id,account_id,email,phone,created_at
        k7,b1,ann-first@canary.example,,yesterday
        k1,b1,,,yesterday
        k8,b1,dee@x.example,,yesterday
        k9,b1,ann-second@canary.example,,2024-01-01T00:00:00Z,too,many
    """,
    "standard/leads_1.csv": """
        lead_id,contact_id,account_id,email,phone,source_channel,motion,created_at,referred_by
        l1,,, ANN-FIRST@canary.example,,referral,inbound,2024-01-01T00:00:00Z,
        l2,k1,,ann-private@canary.example,,referral,inbound,2024-01-01T00:00:00Z,
        l3,,,ann-private@canary.example,,referral,inbound,2024-01-01T00:00:00Z,
        l4,,,eve@x.example,,referral,inbound,2024-01-01T00:00:00Z,Ann <ann-second@canary.example>.
        k3,,,flo@x.example,,referral,inbound,2024-01-01T00:00:00Z,
    """,
    "standard/activities_1.csv": """
        activity_id,activity_type,direction,is_cold,is_automated,rep_id,contact_id,lead_id,status,is_auto_reply,recording_url
        a1,call,outbound,false,false,r1,k1,,completed,false,https://x.example/recordings/canary-ann
        a2,call,outbound,false,false,r1,k2,,completed,false,https://x.example/recordings/bo
        a3,call,outbound,false,false,r1,,l3,completed,false,https://x.example/recordings/canary-ann/2
    """,
    "standard/email_sends_1.csv": """
        email_send_id,contact_id,subject_line,sent_at
        s1,k1,Canary hello Ann,2024-01-01T00:00:00Z
        s2,k2,Hello Bo,2024-01-01T00:00:00Z
    """,
    "zoho/Leads.csv": """
        LEADID,First Name,Last Name,Company,Email,Mobile,Created Time
        z1,Ann,Canary-Annova,Acme,ann-zoho@canary.example,,2024-01-01 10:00:00
        z2,Ann,Canary-Annova,Acme,ANN-PRIVATE@canary.example,,2024-01-01 10:00:00
        z3,Bo,Bovary,Acme,bo.bovary@x.example,,2024-01-01 10:00:00
    """,
    "zoho/Campaign_Lead_Status.csv": """
        Campaign Name,Lead First Name,Lead Last Name,Status,Last Modified Time
        Spring,Ann,Canary-Annova,Sent,2024-01-01 10:00:00
        Spring,Bo,Bovary,Sent,2024-01-01 10:00:00
    """,
    "zoho/Events.csv": """
        EVENTID,Event Owner Id,Subject,Start DateTime,Created Time,LEADID
        e1,u1,Demo canary with Ann,2024-01-01 10:00:00,2024-01-01 10:00:00,z2
        e2,u1,Demo with Bo,2024-01-01 10:00:00,2024-01-01 10:00:00,z3
    """,
}
# All of it by one of the ways to say who; the address of the second lead of Zoho leads to the first
# by nothing, so that one is a person of its own.
NAMES = [
    *("ann-first@canary.example", " Ann-Second@Canary.Example ", "ANN-PRIVATE@CANARY.EXAMPLE"),
    *("k1", "contacts/k1", "l1", "leads/standard:l3", "zoho:z2"),
]
OTHERS = "ann-zoho@canary.example"


def write(settings: Settings, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = settings.extracts_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "\n".join(line.removeprefix(" " * 8) for line in text.strip("\n").splitlines())
        data = (lines.rstrip() + "\n").encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def land_all(settings: Settings) -> LandingReport:
    contract = load_contract(PROJECT_DIR / "models")
    with open_warehouse(settings) as con:
        create_raw_tables(con, contract)
        return land(con, settings.extracts_dir, contract, NOW, scratch=settings.scratch_dir)


def settings_in(folder: Path) -> Settings:
    return load_settings(environment_of(folder))


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company that has landed, with a table made of it, and what a killed landing leaves."""
    folder = tmp_path_factory.mktemp("erasure")
    settings = settings_in(folder)
    write(settings, FILES)
    report = land_all(settings)
    assert not report.refused
    assert report.rows_quarantined == 4
    with duckdb.connect(str(settings.warehouse)) as con:
        con.execute("create schema conformed")
        con.execute("create table conformed.contacts as from raw.standard__contacts")
    exports = settings.private_dir / "quarantine"
    exports.mkdir()
    (exports / "contacts.csv").write_text("_quarantine_id,email\n1-1,ann-first@canary.example\n")
    (exports / "leads.csv").write_text("_quarantine_id,email\n1-2,bo@x.example\n")
    return folder


@pytest.fixture
def companies(landed: Path, tmp_path: Path) -> Iterator[Settings]:
    """The company in a folder of its own, as often as is asked for."""

    def copies() -> Iterator[Settings]:
        for number in itertools.count():
            yield settings_in(Path(shutil.copytree(landed, tmp_path / f"company_{number}")))

    return copies()


@pytest.fixture
def company(companies: Iterator[Settings]) -> Settings:
    return next(companies)


def rows(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.warehouse), read_only=True) as con:
        return con.execute(sql).fetchall()


def texts(settings: Settings) -> set[str]:
    """Every value of every table, in lower case."""
    found: set[str] = set()
    with duckdb.connect(str(settings.warehouse), read_only=True) as con:
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        for schema, table in tables:
            for row in con.execute(f'select * from "{schema}"."{table}"').fetchall():
                found |= {str(value).lower() for value in row if value is not None}
    return found


def left_in_tables(settings: Settings) -> set[str]:
    """What of Ann's any table says; numbers are compared by their digits."""
    everything = "\n".join(texts(settings))
    digits = "".join(c for c in everything if c.isdigit() or c == "\n")
    return {one for one in ANN if one in everything or (one.isdigit() and one in digits)}


def left_in_files(settings: Settings) -> set[str]:
    """What of Ann's the bytes of any file in the private folder say, in any case."""
    data = b"\n".join(
        path.read_bytes().lower() for path in settings.private_dir.rglob("*") if path.is_file()
    )
    return {one for one in ANN if one.encode() in data} | (
        {"004917012345678"} if b"0049 170 12345678" in data else set()
    )


def run_erasure(
    settings: Settings, person: str, code: str = ""
) -> subprocess.CompletedProcess[str]:
    """The command as make runs it; `code` comes before, to break it."""
    environment = {
        **os.environ,
        "PERSON": person,
        "KPI_EXTRACTS": str(settings.extracts_dir),
        "KPI_WAREHOUSE": str(settings.warehouse),
        "KPI_PUBLISHED": str(settings.published_dir),
    }
    program = f"from orchestration.landing import erasure\n{code}\nerasure.main()"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT_DIR,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )


def test_the_search_finds_what_is_there(company: Settings) -> None:
    assert left_in_tables(company) == set(ANN)
    assert left_in_files(company) == set(ANN)


def test_nothing_is_left_whoever_is_named(companies: Iterator[Settings], long: bool) -> None:
    for person in NAMES if long else NAMES[1::3]:
        company = next(companies)
        erasure = erase(company, person, NOW)
        # k1, l1, l2, l3 and z2; k7 and k9 wait in quarantine and have never landed.
        assert (erasure.records, erasure.rows_blanked, erasure.exports) == (5, 3, 1), person
        erase(company, OTHERS, NOW)
        assert left_in_tables(company) == set(), person
        assert left_in_files(company) == set(), person
        # Others are as they were, and what was made of raw is gone.
        kept = {"bo@x.example", "bovary", "hello bo", "demo with bo", "acme", "dee@x.example"}
        everything = "\n".join(texts(company))
        assert {one for one in kept if one not in everything} == set(), person
        assert rows(
            company, "select count(*) from duckdb_tables() where schema_name = 'conformed'"
        ) == [(0,)]


def test_what_was_equal_stays_equal_and_the_rest_stays_as_it_was(company: Settings) -> None:
    read = "select * from raw.{} order by _load_id, _row_number"
    tables = [
        row[0]
        for row in rows(company, "select table_name from duckdb_tables() where schema_name = 'raw'")
    ]
    counts = {table: rows(company, f"select count(*) from raw.{table}") for table in tables}
    bo = rows(company, read.format("standard__activities"))[1]
    erase(company, "k1", NOW)
    assert {table: rows(company, f"select count(*) from raw.{table}") for table in tables} == counts
    contacts = dict(
        rows(company, "select contact_id || _load_id, email from raw.standard__contacts")
    )
    leads = dict(rows(company, "select lead_id, trim(email) from raw.standard__leads"))
    first, second = (contacts[key] for key in sorted(contacts) if key.startswith("k1"))
    assert leads["l1"] == first != second
    assert leads["l2"] == leads["l3"] not in (first, second)
    assert {first.split("@")[1], leads["l2"].split("@")[1]} == {"erased.invalid"}
    # An office's number: two people of one number stay one by their number.
    phones = rows(
        company, "select phone from raw.standard__contacts order by _load_id, _row_number"
    )
    assert phones[0] == phones[1]
    assert len(str(phones[0][0])) >= 8
    assert phones[2] == ("12-34",)
    # That there is a recording, what an appointment is for, whether an account is a household.
    recordings = rows(
        company, "select recording_url from raw.standard__activities order by activity_id"
    )
    assert recordings[0] == recordings[2] == ("erased",)
    assert rows(company, read.format("standard__activities"))[1] == bo
    assert rows(company, "select subject from raw.zoho__events order by event_id") == [
        ("erased demo",),
        ("Demo with Bo",),
    ]
    names = rows(
        company,
        "select account_name, business_model from raw.standard__accounts order by _row_number",
    )
    assert names == [("erased", "b2c"), ("erased", None), ("Acme", "b2b")]
    # Who is called the same is called the same.
    called = rows(
        company, "select lead_last_name from raw.zoho__campaign_lead_status order by _row_number"
    )
    assert (
        called[0] == rows(company, "select last_name from raw.zoho__leads where lead_id = 'z2'")[0]
    )
    assert called[1] == ("Bovary",)
    # Why a row waits is still known.
    reasons = rows(
        company,
        "select row_number, row_text is null, reason from landing.quarantine order by row_number",
    )
    assert [row[:2] for row in reasons] == [(2, True), (3, True), (4, False), (5, True)]
    assert "created_at" in str(reasons[0][2])
    assert "expected 5 columns" in str(reasons[3][2])


def test_the_person_does_not_come_back(company: Settings) -> None:
    erase(company, "ann-first@canary.example", NOW)
    erase(company, OTHERS, NOW)
    known = dict(rows(company, "select lead_id, trim(email) from raw.standard__leads"))
    # The next snapshots: the old rows and one more; then the person under a new address.
    for name, text in FILES.items():
        (company.extracts_dir / name).unlink()
        header, *lines = text.strip("\n").splitlines()
        padding = " " * 8 + "," * header.count(",")
        write(company, {name.replace(".csv", "_next.csv"): "\n".join([header, *lines, padding])})
    write(
        company,
        {
            "standard/leads_new.csv": """
        lead_id,contact_id,email,source_channel,motion,created_at
        l7,k1,ann-private+3@canary.example,referral,inbound,2025-01-01T00:00:00Z
        l8,,ann-private+3@canary.example,referral,inbound,2025-01-01T00:00:00Z
        l9,,gus@x.example,referral,inbound,2025-01-01T00:00:00Z
            """,
            "standard/leads_newer.csv": """
        lead_id,contact_id,email,source_channel,motion,created_at
        l10,,Ann-Private+3@canary.example,referral,inbound,2025-01-01T00:00:00Z
            """,
        },
    )
    report = land_all(company)
    assert not report.refused
    assert len(report.landed) == len(FILES) + 2
    assert left_in_tables(company) == set()
    assert left_in_files(company) == set()
    assert "ann-private+3" not in "\n".join(texts(company))
    again = rows(
        company,
        "select lead_id, trim(email), _row_number from raw.standard__leads"
        " order by _load_id desc, _row_number",
    )
    emails = {str(key): email for key, email, _ in again}
    assert emails["l1"] == known["l1"]
    assert emails["l7"] == emails["l8"] == emails["l10"] != emails["l1"]
    assert emails["l9"] == "gus@x.example"
    # Rows keep their numbers.
    numbers = [row for row in again if row[0] in ("l7", "l8", "l9")]
    assert [(row[0], row[2]) for row in numbers] == [("l7", 2), ("l8", 3), ("l9", 4)]


def test_files_that_still_hold_the_person_are_named(company: Settings) -> None:
    write(company, {"standard/leads_1.copy.csv": FILES["standard/leads_1.csv"]})
    write(company, {"elsewhere/list.csv.gz": "x,ANN-First@canary.example"})
    write(company, {"elsewhere/none.csv": "x,nobody"})
    (company.extracts_dir / "elsewhere/wide.txt").write_bytes(
        "ann-first@canary.example".encode("utf-16")
    )
    (company.extracts_dir / "elsewhere/sheet.xlsx").write_bytes(b"PK")
    with duckdb.connect() as con:
        con.execute(
            "copy (select 'l1' as lead_id, 'ann-first@canary.example' as email,"
            " 'a' as source_channel, 'inbound' as motion, '2024-01-01' as created_at) to"
            f" '{company.extracts_dir / 'standard/leads_2.parquet'}' (format parquet)"
        )
    land_all(company)
    erasure = erase(company, "k1", NOW)
    assert set(erasure.files) == {
        *FILES, "elsewhere/list.csv.gz", "elsewhere/wide.txt", "standard/leads_1.copy.csv",
        "standard/leads_2.parquet",
    }  # fmt: skip
    assert erasure.unsearched == ("elsewhere/sheet.xlsx",)
    for path in erasure.files:
        assert path in summary(erasure)


def test_a_second_time_finds_nobody_and_changes_nothing(company: Settings) -> None:
    first = run_erasure(company, "k1")
    assert first.returncode == 0, first.stderr
    assert "erased: 5 contacts and leads" in first.stdout
    at_rest = company.warehouse.stat()
    for person in ("l3", "ann-first@canary.example", "nobody@canary.example"):
        again = run_erasure(company, person)
        assert again.returncode == 0, again.stderr
        assert again.stdout.startswith("nobody is known by that")
        assert company.warehouse.stat().st_ino == at_rest.st_ino
    assert rows(company, "select count(*) from landing.erasures") == [(1,)]
    assert company.warehouse.stat().st_mode & 0o777 == 0o600
    # What was typed is in no output, no table and no name of a file.
    assert "ann-" not in (first.stdout + first.stderr).lower()
    assert rows(company, "select count(*) from landing.erased where hash like '%ann%'") == [(0,)]


def test_an_id_of_several_records_or_an_address_of_many_erases_nobody(company: Settings) -> None:
    before = texts(company)
    with pytest.raises(ErasureError, match="contacts/standard:k3, leads/standard:k3"):
        erase(company, "k3", NOW)
    with pytest.raises(ErasureError, match="5 contacts and leads are reached"):
        erase(company, "k1", NOW, at_most=4)
    assert before <= texts(company)
    assert erase(company, "contacts/k3", NOW).records == 1
    assert "flo@x.example" in "\n".join(texts(company))
    assert "cy@x.example" not in "\n".join(texts(company))


def test_who_only_waits_in_quarantine_is_erased_there(companies: Iterator[Settings]) -> None:
    for person in ("dee@x.example", "k8"):
        company = next(companies)
        erasure = erase(company, person, NOW)
        assert (erasure.records, erasure.rows_blanked, erasure.rows) == (0, 1, {})
        assert "dee@x.example" not in "\n".join(texts(company))


KILL = "import os, signal\ndef die(*a, **k): os.kill(os.getpid(), signal.SIGKILL)\n"
MOMENTS = {
    "while values are replaced": "erasure.personal.forget_quarantined = die",
    "before the commit": "erasure._remove_exports = die",
    "before the database is written anew": "erasure._write_anew = die",
    "before the new file takes its place": "erasure.os.replace = die",
    "after the new file has taken its place": "swap = erasure.os.replace\n"
    "erasure.os.replace = lambda *a: (swap(*a), die())",
}


def test_killed_it_can_be_done_again(companies: Iterator[Settings], long: bool) -> None:
    for moment in MOMENTS if long else list(MOMENTS)[1::2]:
        company = next(companies)
        before = texts(company)
        killed = run_erasure(company, "k1", KILL + MOMENTS[moment])
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        # All or nothing: no reader of the warehouse finds half a person.
        left = left_in_tables(company)
        assert before <= texts(company) or left == {"ann-zoho@canary.example"}, moment
        assert ("before the commit" in moment) <= (left == set(ANN)), moment
        erase(company, "k1", NOW)
        erase(company, OTHERS, NOW)
        assert left_in_tables(company) == set(), moment
        assert left_in_files(company) == set(), moment
        assert {path.name for path in company.private_dir.iterdir()} <= {
            "warehouse.duckdb", "run.lock", "scratch", "quarantine",
        }  # fmt: skip


def cells(release: Path) -> dict[str, tuple[object, ...]]:
    """Number of rows and digest of every table that readers get, those of the publication apart."""
    with duckdb.connect(str(release), read_only=True) as con:
        tables = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where not internal"
            " and table_name not in ('publication', 'publications', 'kpi_history')"
        ).fetchall()
        found = {
            table: con.execute(
                f"select count(*), sum(cast(hash(cells) as hugeint)) from {table} as cells"
            ).fetchone()
            or ()
            for (table,) in tables
        }
    return found


def test_no_number_moves(
    small_warehouse: Warehouse, tmp_path: Path, long: bool, figure: Callable[[str, object], None]
) -> None:
    """Marts built anew after erasures are, cell by cell, what they were before."""
    folder = tmp_path / "company"
    shutil.copytree(small_warehouse.folder, folder, symlinks=True)
    warehouse = Warehouse(folder, small_warehouse.as_of, small_warehouse.variables)
    before = cells(warehouse.release)
    settings = dataclasses.replace(
        settings_in(tmp_path), warehouse=warehouse.warehouse, extracts_dir=folder / "extracts"
    )
    people = [
        str(row[0])
        for row in rows(
            settings,
            "select distinct 'contacts/' || contact_id as id from raw.standard__contacts union"
            " select distinct 'leads/' || lead_id from raw.standard__leads union"
            " select distinct lower(email) from raw.standard__contacts where email is not null"
            " order by id",
        )
    ]
    chosen = random.Random(13).sample(people, 50 if long else 4)
    erased = [erase(settings, person, NOW, at_most=10_000) for person in chosen]
    figure("people erased one after another", len(chosen))
    figure("contacts and leads erased", sum(one.records for one in erased))
    assert sum(one.records for one in erased) > 0
    changed = sum(sum(one.rows.values()) for one in erased)
    assert changed > 0
    warehouse.release.unlink()
    assert cells(warehouse.build()) == before


def test_the_identifier_is_no_part_of_a_command_line(tmp_path: Path) -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "erase", f"PERSON=x; touch {tmp_path}/spliced"],
        cwd=PROJECT_DIR, text=True, capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert "spliced" not in shown
    silent = run_erasure(settings_in(tmp_path), "")
    assert silent.returncode == 1
    assert "make erase PERSON=" in silent.stderr
