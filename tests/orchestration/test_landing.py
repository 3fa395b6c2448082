"""Landing: every file exactly once, every row accounted for. Expected values are by hand."""

from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing import FileResult, LandingReport, Source, land, load_contract

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)

CONTRACT = """
version: 2
sources:
  - name: standard
    tables:
      - name: deals
        identifier: standard__deals
        config: {meta: {key: [deal_id], tier: core}}
        columns:
          - {name: deal_id, data_type: varchar, config: {meta: {required: true}}}
          - {name: amount, data_type: "decimal(18,2)", config: {meta: {aliases: [deal_value]}}}
          - {name: currency, data_type: char(3)}
          - {name: closed_on, data_type: date}
          - {name: created_at, data_type: timestamptz}
          - {name: is_test, data_type: boolean}
          - {name: days, data_type: integer}
          - {name: score, data_type: integer, config: {meta: {range: [0, 10]}}}
          - {name: share, data_type: "decimal(5,4)", config: {meta: {range: [0, 1]}}}
          - {name: opens_at, data_type: time}
          - name: stage
            data_type: varchar
            config: {meta: {required: true, accepted: [Open, won, lost]}}
      - name: deal_stage_history
        identifier: standard__deal_stage_history
        config: {meta: {key: [deal_id, stage]}}
        columns:
          - {name: deal_id, config: {meta: {required: true}}}
          - {name: stage}
      - name: notes
        identifier: standard__notes
        config: {meta: {key: [note_id]}}
        columns:
          - {name: note_id, data_type: integer, config: {meta: {required: true}}}
          - {name: body}
          - {name: tag}
  - name: other
    tables:
      - name: notes
        identifier: other__notes
        config: {meta: {key: [note_id]}}
        columns:
          - {name: note_id, config: {meta: {required: true}}}
"""


class Desk:
    """A folder of extracts, a database, and the contract above."""

    def __init__(self, folder: Path) -> None:
        models = folder / "models" / "staging" / "standard"
        models.mkdir(parents=True)
        (models / "_standard__sources.yml").write_text(CONTRACT, encoding="utf-8")
        self.contract: dict[str, Source] = load_contract(folder / "models")
        self.extracts = folder / "extracts"
        (self.extracts / "standard").mkdir(parents=True)
        self.con = duckdb.connect()

    def put(self, name: str, content: str | bytes, source: str = "standard") -> Path:
        path = self.extracts / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def land(self, **options: Any) -> LandingReport:
        report = land(self.con, self.extracts, self.contract, NOW, **options)
        self.check_books()
        return report

    def one(self, name: str, content: str | bytes) -> FileResult:
        self.put(name, content)
        (result,) = [r for r in self.land().files if r.path == f"standard/{name}"]
        return result

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()

    def quarantine(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select row_number, column_name, reason from landing.quarantine order by all"
        )

    def check_books(self) -> None:
        """Ledger, raw rows and quarantine tell the same numbers for each file."""
        for source, entity, file_id, read, accepted, quarantined, duplicate in self.rows(
            "select source, entity, file_id, rows_read, rows_accepted, rows_quarantined,"
            " rows_duplicate from landing.files where replaced_by is null"
        ):
            assert read == accepted + quarantined + duplicate
            of_file = f"where _file_id = '{file_id}'"
            raw = self.rows(f"select count(*) from raw.{source}__{entity} {of_file}")
            assert raw == [(accepted + duplicate,)]
            assert self.rows(
                "select count(distinct row_number) from landing.quarantine"
                f" where file_id = '{file_id}' and source = '{source}' and entity = '{entity}'"
            ) == [(quarantined,)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def counts(result: FileResult) -> tuple[int, int, int, int]:
    return (result.rows_read, result.rows_accepted, result.rows_quarantined, result.rows_duplicate)


# The file as a whole ------------------------------------------------------------------------------


def test_a_row_arrives_as_it_was_written(desk: Desk) -> None:
    result = desk.one("deals.csv", "deal_id,amount,stage\nd1,0012.50,WON\nd2,,open\n")
    assert (result.status, counts(result)) == ("landed", (2, 2, 0, 0))
    assert desk.rows(
        "select deal_id, amount, stage, closed_on, _extra, _row_number, _load_id,"
        " _loaded_at = '2026-03-01 06:00:00+00' from raw.standard__deals order by _row_number"
    ) == [
        ("d1", "0012.50", "WON", None, None, 2, 1, True),
        ("d2", None, "open", None, None, 3, 1, True),
    ]


def test_landing_twice_changes_nothing(desk: Desk) -> None:
    desk.put("deals.csv", "deal_id,stage\nd1,won\nd2,wrong\n")
    desk.land()
    tables = ("raw.standard__deals", "landing.files", "landing.quarantine")
    before = [desk.rows(f"from {table}") for table in tables]
    assert [r.status for r in desk.land().files] == ["already_landed"]
    assert [desk.rows(f"from {table}") for table in tables] == before


def test_the_same_content_is_one_file_renamed_compressed_or_touched(desk: Desk) -> None:
    text = b"deal_id,stage\nd1,won\n"
    path = desk.put("deals.csv", text)
    desk.land()
    os.utime(path, ns=(1, 1))
    desk.put("deals_again.csv", text)
    desk.put("deals_b.csv.gz", gzip.compress(text, mtime=1))
    desk.put("deals_c.csv.gz", gzip.compress(text, compresslevel=1, mtime=2))
    report = desk.land()
    assert [r.status for r in report.files] == ["already_landed"] * 4
    assert report.files[1].notes == ("same content as standard/deals.csv",)
    assert desk.rows("select count(*) from raw.standard__deals") == [(1,)]


def test_equal_content_of_two_sources_is_two_files(desk: Desk) -> None:
    desk.put("notes.csv", "note_id\n1\n")
    desk.put("notes.csv", "note_id\n1\n", source="other")
    assert [r.status for r in desk.land().files] == ["landed", "landed"]


def test_a_changed_file_lands_again_with_the_next_load_id(desk: Desk) -> None:
    desk.one("deals.csv", "deal_id,stage\nd1,open\n")
    desk.one("deals.csv", "deal_id,stage\nd1,won\n")
    assert desk.rows("select stage, _load_id from raw.standard__deals order by all") == [
        ("open", 1),
        ("won", 2),
    ]


def test_files_are_numbered_by_path(desk: Desk) -> None:
    for name in ("notes_2.csv", "deals_b.csv", "notes_1.csv", "deals_a.csv"):
        head = "deal_id,stage\n" if name.startswith("deals") else "note_id\n"
        desk.put(name, head + ("d,won\n" if name.startswith("deals") else "1\n") + f"#{name}\n")
    desk.land()
    assert desk.rows("select path, load_id from landing.files order by load_id") == [
        ("standard/deals_a.csv", 1),
        ("standard/deals_b.csv", 2),
        ("standard/notes_1.csv", 3),
        ("standard/notes_2.csv", 4),
    ]


def test_an_unchanged_file_is_not_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put("notes.csv", "note_id\n1\n")
    desk.land()

    def refuse(*_: object) -> None:
        raise AssertionError("was read")

    monkeypatch.setattr("orchestration.landing.loading.read_content", refuse)
    assert [r.status for r in desk.land().files] == ["already_landed"]


def test_only_the_sources_asked_for(desk: Desk) -> None:
    desk.put("notes.csv", "note_id\n1\n")
    desk.put("notes.csv", "note_id\n2\n", source="other")
    desk.put("deals.csv", "", source="standard")
    seen: list[str] = []
    desk.land()
    desk.put("notes_b.csv", "note_id\n3\n")
    desk.put("notes_b.csv", "note_id\n4\n", source="other")
    desk.land(sources=["other"], progress=lambda result: seen.append(result.path))
    assert seen == ["other/notes.csv", "other/notes_b.csv"]
    # The refusal of another source stays listed.
    assert desk.rows("select path from landing.refusals") == [("standard/deals.csv",)]
    with pytest.raises(ValueError, match="not in the contract: nowhere"):
        desk.land(sources=["nowhere"])


def test_now_needs_a_time_zone(desk: Desk) -> None:
    with pytest.raises(ValueError, match="time zone"):
        land(desk.con, desk.extracts, desk.contract, datetime(2026, 1, 1))


# Rows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (
            "amount",
            "12.x",
            "amount: '12.x' is not a decimal(18,2); correct the value and send the row again",
        ),
        ("amount", "NaN", "amount: 'NaN' is not a decimal(18,2); correct"),
        ("amount", "inf", "amount: 'inf' is not a decimal(18,2); correct"),
        ("amount", "12345678901234567", "amount: '12345678901234567' is not a decimal(18,2)"),
        ("currency", "EURO", "currency: 'EURO' is not a code of 3 letters"),
        ("currency", "E1R", "currency: 'E1R' is not a code of 3 letters"),
        (
            "closed_on",
            "05/01/2024",
            "closed_on: '05/01/2024' is not a date (write it as 2026-01-31)",
        ),
        ("closed_on", "2024-02-30", "closed_on: '2024-02-30' is not a date"),
        ("closed_on", "24-01-05", "closed_on: '24-01-05' is not a date"),
        ("closed_on", "infinity", "closed_on: 'infinity' is not a date"),
        ("created_at", "yesterday", "created_at: 'yesterday' is not a timestamptz (write it as"),
        ("is_test", "maybe", "is_test: 'maybe' is not a boolean (write true or false)"),
        ("days", "12.5", "days: '12.5' is not an integer"),
        ("days", "0x1F", "days: '0x1F' is not an integer"),
        ("days", "1_000", "days: '1_000' is not an integer"),
        ("days", "99999999999", "days: '99999999999' is not an integer"),
        (
            "score",
            "11",
            "score: '11' is not between 0 and 10; correct the value and send the row again",
        ),
        ("score", "-1", "score: '-1' is not between 0 and 10"),
        ("score", "ten", "score: 'ten' is not an integer; correct"),
        ("share", "1.01", "share: '1.01' is not between 0 and 1; correct"),
        ("opens_at", "25:00", "opens_at: '25:00' is not a time"),
        ("opens_at", "2024-01-01", "opens_at: '2024-01-01' is not a time"),
        ("stage", "maybe", "stage: 'maybe' is not one of open, won, lost; correct the value"),
        ("stage", "", "stage: no value, but one is required; fill it in and send the row again"),
        ("stage", "  ", "stage: no value, but one is required"),
        ("deal_id", "\t", "deal_id: no value, but one is required"),
        ("updated_at", "later", "updated_at: 'later' is not a timestamptz"),
        ("_deleted", "gone", "_deleted: 'gone' is not a boolean"),
    ],
)
def test_a_bad_value_is_quarantined(desk: Desk, column: str, value: str, reason: str) -> None:
    row = {"deal_id": "d2", "stage": "won", column: value}
    good = {"deal_id": "d1", "stage": "won"}
    lines = [",".join(row), ",".join(good.get(c, "") for c in row), ",".join(row.values())]
    assert counts(desk.one("deals.csv", "\n".join(lines))) == (2, 1, 1, 0)
    ((number, found, words),) = desk.quarantine()
    assert (number, found) == (3, column)
    assert words.startswith(reason)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("amount", "1e3"), ("amount", "-12.5"), ("amount", " 12.50"), ("currency", "eur"),
        ("closed_on", "2024-02-29"), ("created_at", "2024-01-01"),
        ("created_at", "2024-01-01T10:00:00+03:30"), ("created_at", "2024-01-01 10:00:00Z"),
        ("is_test", "TRUE"), ("is_test", "0"), ("days", "12.0"), ("days", "-3"),
        ("score", "0"), ("score", " 10"), ("score", ""), ("share", "1.0000"), ("share", "0"),
        ("opens_at", "09:30"), ("stage", " WON "), ("updated_at", "2024-01-01"),
        ("_deleted", "f"), ("amount", ""), ("created_at", "   "),
    ],
)  # fmt: skip
def test_a_good_value_is_accepted(desk: Desk, column: str, value: str) -> None:
    row = {"deal_id": "d1", "stage": "won", column: value}
    assert counts(desk.one("deals.csv", f"{','.join(row)}\n{','.join(row.values())}\n")) == (
        1,
        1,
        0,
        0,
    )
    stored = value if value.strip() else None
    assert desk.rows(f'select "{column}" from raw.standard__deals') == [(stored,)]


def test_two_problems_are_one_row(desk: Desk) -> None:
    result = desk.one("deals.csv", "deal_id,stage,days\nd1,maybe,x\n")
    assert counts(result) == (1, 0, 1, 0)
    assert [row[1] for row in desk.quarantine()] == ["days", "stage"]
    assert desk.rows("select distinct row_text, value is null from landing.quarantine") == [
        ('{"deal_id":"d1","days":"x","stage":"maybe"}', False)
    ]


def test_a_deleted_row_needs_its_key_only(desk: Desk) -> None:
    text = "deal_id,stage,_deleted\nd1,,true\n,,true\nd3,,false\n"
    assert counts(desk.one("deals.csv", text)) == (3, 1, 2, 0)
    assert [row[:2] for row in desk.quarantine()] == [(3, "deal_id"), (4, "stage")]


def test_a_file_of_deletions_needs_its_key_columns_only(desk: Desk) -> None:
    assert counts(desk.one("deals.csv", "deal_id,_deleted\nd1,true\nd2,false\n")) == (2, 1, 1, 0)
    assert desk.quarantine() == [
        (3, "stage", "stage: no value, but one is required; only a deletion may lack it")
    ]
    refused = desk.one("deals_2.csv", "_deleted\ntrue\n")
    assert refused.status == "refused"
    assert refused.reason is not None
    assert refused.reason.startswith("required column missing: deal_id")


def test_duplicates_are_kept_and_counted(desk: Desk) -> None:
    rows = ["d1,open,2024-01-02", "d1,won,2024-01-03", "d1,open,", "d2,won,", "d1,bad,"]
    text = "\n".join(["deal_id,stage,updated_at", *rows])
    assert counts(desk.one("deals.csv", text)) == (5, 2, 1, 2)
    assert desk.rows("select count(*) from raw.standard__deals") == [(4,)]


def test_keys_compare_by_type_and_null_is_a_value(desk: Desk) -> None:
    assert counts(desk.one("notes.csv", "note_id,body\n7,a\n7.0,b\n")) == (2, 1, 0, 1)
    text = "deal_id,stage\nd1,\nd1,\nd1,won\n"
    assert counts(desk.one("deal_stage_history.csv", text)) == (3, 2, 0, 1)
    # A key column that the file does not have is null in every row.
    assert counts(desk.one("deal_stage_history_2.csv", "deal_id\nd1\nd1\n")) == (2, 1, 0, 1)


def test_unknown_columns_are_kept_as_json(desk: Desk) -> None:
    result = desk.one("deals.csv", 'deal_id,stage,Mood,,it"s\nd1,won,good,x,5\nd2,won,,,\n')
    assert result.notes[0] == 'unknown columns, kept in _extra: Mood, column_4, it"s'
    assert desk.rows("select _extra from raw.standard__deals order by deal_id") == [
        ('{"Mood":"good","column_4":"x","it\\"s":"5"}',),
        (None,),
    ]
    assert desk.rows("select unknown_columns, absent_columns from landing.files") == [
        (
            ["Mood", "column_4", 'it"s'],
            [
                "amount",
                "currency",
                "closed_on",
                "created_at",
                "is_test",
                "days",
                "score",
                "share",
                "opens_at",
            ],
        )
    ]


def test_headers_match_by_one_resolver_and_by_alias(desk: Desk) -> None:
    result = desk.one("deals.csv", "property_Deal-ID, STAGE ,Deal Value,isTest\nd1,won,5,true\n")
    assert counts(result) == (1, 1, 0, 0)
    assert desk.rows("select deal_id, stage, amount, is_test from raw.standard__deals") == [
        ("d1", "won", "5", "true")
    ]


# Refused files ------------------------------------------------------------------------------------

HEAD = "deal_id,stage\n"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("deals.csv", "deal,stagee\nd1,won\n",
         "required columns missing: deal_id (is it 'deal'? rename it), stage (is it 'stagee'?"
         " rename it); columns found: deal, stagee"),
        ("deals.csv", "deal_id,colour\nd1,won\n",
         "required column missing: stage; columns found: deal_id, colour"),
        ("deals.csv", "deal_id,stage,Stage\n", "columns 'stage' and 'Stage' both mean stage"),
        ("deals.csv", "deal_id,stage,amount,Deal Value\n", "columns 'amount' and 'Deal Value'"),
        ("deals.csv", "", "there is nothing in it; send the file again"),
        ("deals.csv", " \r\n\n", "there is nothing in it"),
        ("deals.csv", b"\xef\xbb\xbf", "there is nothing in it"),
        ("deals.csv.gz", b"\x1f\x8bnot gzip", "cannot be decompressed ("),
        ("deals.csv.gz", b"plain", "cannot be decompressed ("),
        ("deals.csv.gz", gzip.compress(HEAD.encode() * 99)[:-9], "cannot be decompressed ("),
        ("deals.parquet", b"PAR1 it is not", "cannot be read as parquet: "),
        ("deals.parquet", b"", "there is nothing in it"),
        ("deals.jsonl", "", "there is nothing in it"),
        ("deals.jsonl", '{"deal_id": 1}\n', "required column missing: stage; columns found"),
        ("deals.jsonl", "[\n  1\n]\n", "no line is a JSON object with values"),
        ("deals.txt", "x", "file type .txt is not supported; send .csv, .csv.gz, .jsonl"),
        ("deal.csv", "x", "no entity of source standard is named like the file; did you mean"),
        ("qqq.csv", "x", "no entity of source standard is named like the file; known are"),
        ("deals.csv", HEAD.encode("utf-16-le"), "looks like UTF-16 without a byte order mark"),
        ("deals.csv", "\ufeff".encode("utf-16-le") + b"d\0\0\xd8x", "cannot be decoded as UTF-16"),
        ("deals.csv", b"deal_id,stage,\xff\nd,won,\n", "the header is not valid UTF-8"),
        ("deals.csv", 'deal_id,"stage\nd,won\n', "the header has a quote that is opened and not"),
    ],
)  # fmt: skip
def test_a_file_is_refused(desk: Desk, name: str, content: str | bytes, reason: str) -> None:
    desk.put("notes.csv", "note_id\n1\n")
    result = desk.one(name, content)
    assert result.status == "refused"
    assert (result.reason or "").startswith(reason), result.reason
    assert desk.rows("select path, source, reason from landing.refusals") == [
        (f"standard/{name}", "standard", result.reason)
    ]
    assert desk.rows("select path from landing.files") == [("standard/notes.csv",)]


def test_a_corrected_file_leaves_the_list(desk: Desk) -> None:
    desk.one("deals.csv", "")
    assert desk.one("deals.csv", HEAD).status == "landed"
    assert desk.rows("from landing.refusals") == []


def test_a_header_alone_is_a_file_without_rows(desk: Desk) -> None:
    for name, content in (("deals_a.csv", HEAD), ("deals_b.csv", HEAD.strip() + " ")):
        result = desk.one(name, content)
        assert (result.status, counts(result)) == ("landed", (0, 0, 0, 0))


def test_files_out_of_place(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("note_id\n1\n")
    desk.put("notes.csv", "note_id\n1\n", source="standrad")
    (desk.extracts / "notes.csv").write_text("note_id\n1\n")
    (desk.extracts / "standard" / "notes_link.csv").symlink_to(tmp_path / "secret.csv")
    (desk.extracts / "standard" / "notes_gone.csv").symlink_to(tmp_path / "nothing.csv")
    (desk.extracts / "standard" / "old").mkdir()
    os.mkfifo(desk.extracts / "standard" / "notes_pipe.csv")
    for name in (".hidden.csv", "README.md", "readme.txt"):
        desk.put(name, "x")
    report = desk.land()
    assert {r.path: r.reason for r in report.files} == {
        "notes.csv": "lies outside the source folders; move it to extracts/<source>/",
        "standard/notes_gone.csv":
            "is a symbolic link; copy the file itself to extracts/standard/",
        "standard/notes_link.csv":
            "is a symbolic link; copy the file itself to extracts/standard/",
        "standard/notes_pipe.csv": "is not a regular file",
        "standard/old": "is a folder; only files directly in extracts/standard/ are landed",
        "standrad/notes.csv":
            "folder standrad is not a source of the contract (other, standard);"
            " did you mean standard?",
    }  # fmt: skip
    assert len(report.refused) == 6


def test_a_linked_folder_outside_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (desk.extracts / "other").symlink_to(tmp_path / "elsewhere")
    assert [(r.path, r.status) for r in desk.land().files] == [("other", "refused")]


@pytest.mark.parametrize(
    "name",
    ["notes_'; drop schema raw; --.csv", "notes_*.csv", "notes_[a].csv", "notes_?.csv",
     "notes_\n.csv", 'notes_".csv', "notes_...csv", "notes_{a,b}.csv", "notes_ي.csv"],
)  # fmt: skip
def test_file_names_are_only_names(desk: Desk, name: str) -> None:
    desk.put("notes_a.csv", "note_id\n1\n")
    desk.put(name, "note_id\n2\n")
    assert {r.status for r in desk.land().files} == {"landed"}
    assert desk.rows("select count(*), count(distinct _file_id) from raw.standard__notes") == [
        (2, 2)
    ]


def test_a_file_name_that_is_no_text(desk: Desk) -> None:
    path = os.fsencode(desk.extracts / "standard") + b"/notes_\xff.csv"
    Path(os.fsdecode(path)).write_text("note_id\n1\n")
    assert [(r.path, r.status) for r in desk.land().files] == [
        ("standard/notes_\\xff.csv", "landed")
    ]


# CSV ----------------------------------------------------------------------------------------------


def landed_notes(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.rows("select _row_number, note_id, body from raw.standard__notes order by all")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_delimiters_and_line_ends(desk: Desk, delimiter: str, end: str, last: bool) -> None:
    rows = ["note_id,body,tag", '1,"a,b",x', "2,c,"]
    text = end.join(rows).replace(",", delimiter) + (end if last else "")
    assert counts(desk.one("notes.csv", text)) == (2, 2, 0, 0)
    assert landed_notes(desk) == [(2, "1", f"a{delimiter}b"), (3, "2", "c")]


@pytest.mark.parametrize("bad", ["3,c", "3,c,d,e", "3,c,d,e,f", "3,c,d,"])
def test_a_ragged_line(desk: Desk, bad: str) -> None:
    text = f"note_id,body,tag\n1,a,\n2,b,\n{bad}\n4,d,\n"
    assert counts(desk.one("notes.csv", text)) == (4, 3, 1, 0)
    assert landed_notes(desk) == [(2, "1", "a"), (3, "2", "b"), (5, "4", "d")]
    found = bad.count(",") + 1
    assert desk.rows("select row_number, reason, row_text from landing.quarantine") == [
        (4, f"expected 3 columns, found {found}; correct the line (a value with the delimiter"
            " in it goes in quotes) and send it again", bad)
    ]  # fmt: skip


def test_an_unquoted_delimiter_is_not_lost_in_an_empty_last_field(desk: Desk) -> None:
    """DuckDB alone reads `1,Acme, Inc,` as three fields and drops the fourth, empty one."""
    text = 'note_id,body,tag\n1,Acme, Inc,\n2,"Beta, Inc",x\n'
    assert counts(desk.one("notes.csv", text)) == (2, 1, 1, 0)
    assert landed_notes(desk) == [(3, "2", "Beta, Inc")]


@pytest.mark.parametrize(
    ("lines", "good", "bad"),
    [
        # The quote of line 3 takes in good lines up to the next quote.
        (['1,a,x', '2,"b,x', '3,c,x', '4,"d, e",x', '5,e,x'], [2, 4, 5, 6], [3]),
        (['1,a,x', '2,"b,x', '3,c,x'], [2, 4], [3]),  # to the end of the file
        (['1,a,x', '2,b,"x'], [2], [3]),
        (['1,"a,x', '2,"b,x', '3,c,x'], [4], [2, 3]),
        (['1,"a"b,x', '2,c,x'], [3], [2]),
        (['1,"a', 'b",x', '2,c,x'], [2, 4], []),  # a legal line break
        (['1,"a', '', 'b, ""c""', '",x', '2,c,x'], [2, 6], []),
        (['1,"a', 'b","c', 'd"', '2,c,x'], [2, 5], []),  # two in one row
        (['1,"a,x', '2,"b', 'c",x', '3,d,x'], [3, 5], [2]),  # open, then a legal one
        (['1,"a', 'b",x,y', '2,c,x'], [4], [2]),  # a row of two lines that is too long
        (['1,5" pipe,x', '2,a ""b,x'], [2, 3], []),  # quotes inside of a plain value
        (['1, "a,b" ,x', '2,c,x', '3'], [2, 3], [4]),
        (['1,a,x', '', '2,b,x', '   '], [2, 4], []),  # blank lines are no rows
        (['1,"",x', '2,"""",x'], [2, 3], []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_quotes_and_line_breaks(
    desk: Desk, lines: list[str], good: list[int], bad: list[int], end: str
) -> None:
    text = end.join(["note_id,body,tag", *lines])
    result = desk.one("notes.csv", text)
    assert [row[0] for row in landed_notes(desk)] == good
    assert [row[0] for row in desk.quarantine()] == bad
    assert counts(result) == (len(good) + len(bad), len(good), len(bad), 0)


def test_values_around_an_unclosed_quote(desk: Desk) -> None:
    desk.one("notes.csv", 'note_id,body,tag\n1,"x\ny",t\n2,"open,t\n3,c,t\n4,"d ""e"", f",t\n')
    assert landed_notes(desk) == [(2, "1", "x\ny"), (5, "3", "c"), (6, "4", 'd "e", f')]
    assert desk.rows("select row_number, reason, row_text from landing.quarantine") == [
        (4, "a quote is opened and not closed; close it and send the row again", '2,"open,t')
    ]


def test_many_good_lines_after_an_unclosed_quote(desk: Desk) -> None:
    lines = [f"{n},b,x" for n in range(2, 20_002)]
    text = "\n".join(["note_id,body,tag", '1,"a,x', *lines])
    assert counts(desk.one("notes.csv", text)) == (20_001, 20_000, 1, 0)
    assert desk.rows(
        "select count(*) from raw.standard__notes where _row_number <> note_id::int + 1"
    ) == [(0,)]


def test_one_column_and_blank_lines(desk: Desk) -> None:
    assert counts(desk.one("notes.csv", "note_id\n1\n\n2\n")) == (2, 2, 0, 0)
    assert [row[0] for row in landed_notes(desk)] == [2, 4]


def test_mixed_line_ends(desk: Desk) -> None:
    text = "note_id,body,tag\r\n1,a,x\n2,b,x\r3,c,x\r\n"
    assert counts(desk.one("notes.csv", text)) == (3, 3, 0, 0)
    assert landed_notes(desk) == [(2, "1", "a"), (3, "2", "b"), (4, "3", "c")]


def test_a_header_after_blank_lines_and_excel_sep(desk: Desk) -> None:
    desk.one("notes.csv", "\nsep=;\nnote_id;body\n1;a\n")
    assert landed_notes(desk) == [(4, "1", "a")]
    # The first line ends in CR alone.
    assert counts(desk.one("notes_2.csv", "\r  \nnote_id,body\n2,b\n")) == (1, 1, 0, 0)
    assert landed_notes(desk) == [(4, "1", "a"), (4, "2", "b")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
def test_encodings(desk: Desk, encoding: str) -> None:
    text = "note_id,body,tag\r\n1,کتاب,ي\r\n2,é,😀\r\n"
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    assert counts(desk.one("notes.csv", (mark + text).encode(encoding))) == (2, 2, 0, 0)
    assert landed_notes(desk) == [(2, "1", "کتاب"), (3, "2", "é")]
    assert desk.rows("select encoding from landing.files") == [(encoding,)]


def test_lines_in_another_encoding(desk: Desk) -> None:
    text = b'note_id,body,tag\n1,a,x\n2,caf\xe9,x\n3,nul\0,x\n4,"b\n\xe9",x\n5,c,x\n'
    assert counts(desk.one("notes.csv", text)) == (5, 2, 3, 0)
    assert [row[0] for row in landed_notes(desk)] == [2, 7]
    utf8 = "the line is not valid UTF-8; save the file as UTF-8 and send it again"
    assert [(row[0], row[2]) for row in desk.quarantine()] == [
        (3, utf8),
        (4, "the line holds NUL bytes; remove them and send the row again"),
        (5, f"line 6: {utf8}"),
    ]


def test_nul_bytes_after_a_header_that_ends_in_cr_are_not_utf_16(desk: Desk) -> None:
    assert counts(desk.one("notes.csv", b"note_id,body\r1,a\r2,nul\0\n3,b\n")) == (3, 2, 1, 0)
    assert [row[0] for row in landed_notes(desk)] == [2, 4]


# JSON lines and Parquet ---------------------------------------------------------------------------


def test_json_lines(desk: Desk) -> None:
    text = """{"note_id": 1, "body": "a", "x": {"y": [1, 2]}}

{"note_id": 2, "body": null}
{"note_id": 3, "body": {"k": "v"}, "tag": ""}
not json
[1]
{"body": "no id"}
{"note_id": 4.5}
"""
    result = desk.one("notes.jsonl", text)
    assert counts(result) == (7, 3, 4, 0)
    assert desk.rows(
        "select _row_number, note_id, body, tag, _extra from raw.standard__notes order by 1"
    ) == [
        (1, "1", "a", None, '{"x":{"y":[1,2]}}'),
        (3, "2", None, None, None),
        (4, "3", '{"k":"v"}', None, None),
    ]
    assert desk.rows(
        "select row_number, column_name, value, row_text from landing.quarantine order by 1"
    ) == [
        (5, None, None, "not json"),
        (6, None, None, "[1]"),
        (7, "note_id", None, '{"note_id":null,"body":"no id","tag":null}'),
        (8, "note_id", "4.5", '{"note_id":"4.5","body":null,"tag":null}'),
    ]


def test_json_numbers_keep_their_digits(desk: Desk) -> None:
    number = "1234567890123456.78"
    desk.one("deals.jsonl", f'{{"deal_id": "a: 1", "stage": "won", "amount": {number}}}\n')
    assert desk.rows("select amount from raw.standard__deals") == [(number,)]


def test_json_names_that_mean_the_same_column(desk: Desk) -> None:
    result = desk.one("notes.jsonl", '{"note_id": 1}\n{"Note-ID": 2}\n')
    assert (result.reason or "").startswith("columns 'Note-ID' and 'note_id' both mean note_id")


def test_json_lines_gzip_utf16_and_crlf(desk: Desk) -> None:
    text = '{"note_id": 1, "body": "ي"}\r\n{"note_id": 2}'
    assert counts(desk.one("notes_a.jsonl.gz", gzip.compress(text.encode()))) == (2, 2, 0, 0)
    assert counts(desk.one("notes_b.jsonl", ("\ufeff" + text).encode("utf-16-be"))) == (2, 2, 0, 0)
    assert counts(desk.one("notes_c.jsonl", text.encode() + b'\n{"note_id": "\xff"}')) == (
        3,
        2,
        1,
        0,
    )


def test_parquet(desk: Desk) -> None:
    path = desk.extracts / "standard" / "deals.parquet"
    desk.rows(
        "copy (select * from (values ('d1', 12.50::decimal(18,2), 3.0::double, date '2024-01-05',"
        " timestamptz '2024-01-05 10:00:00+03:30', true, 'won', ['a']), ('d2', null, 2.5, null,"
        " null, null, 'won', null)) as t (deal_id, amount, days, closed_on, created_at, is_test,"
        f" stage, tags)) to '{path}'"
    )
    (result,) = desk.land().files
    assert counts(result) == (2, 1, 1, 0)
    assert desk.rows(
        "select _row_number, amount, days, closed_on, created_at, is_test, _extra"
        " from raw.standard__deals"
    ) == [
        (1, "12.50", "3.0", "2024-01-05", "2024-01-05 06:30:00+00", "true", '{"tags":"[\\"a\\"]"}')
    ]
    assert desk.rows("select row_number, column_name from landing.quarantine") == [(2, "days")]


# Losing power -------------------------------------------------------------------------------------


def _everything(path: Path) -> list[list[tuple[Any, ...]]]:
    with duckdb.connect(str(path)) as con:
        return [
            con.execute(f"select * exclude ({left_out}) from {table} order by all").fetchall()
            for table, left_out in (
                ("raw.standard__notes", "_loaded_at"),
                ("landing.files", "started_at, ended_at"),
                ("landing.quarantine", "loaded_at"),
            )
        ]


def test_a_killed_landing_leaves_all_of_a_file_or_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for number in range(6):
        rows = "".join(f"{n},b{number},x\n" for n in range(3_000)) + "x,bad,x\n"
        desk.put(f"notes_{number}.csv", f"note_id,body,tag\n{rows}")
    land(tmp_path / "warehouse.duckdb", desk.extracts, desk.contract, NOW)
    undisturbed = _everything(tmp_path / "warehouse.duckdb")
    program = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from datetime import UTC, datetime; from pathlib import Path
from orchestration.landing import land, load_contract
folder = Path({str(tmp_path)!r}); print("ready", flush=True)
land(folder / "killed.duckdb", folder / "extracts", load_contract(folder / "models"),
     datetime(2026, 3, 1, 6, tzinfo=UTC))
"""
    command = [sys.executable, "-c", program]
    scratch = os.environ | {"TMPDIR": str(tmp_path)}  # a killed process cleans up nothing
    chance = random.Random(7)
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=scratch) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
        with duckdb.connect(str(tmp_path / "killed.duckdb")) as con:
            if con.execute("select 1 from duckdb_tables() where table_name = 'files'").fetchone():
                desk.con = con
                desk.check_books()
    land(tmp_path / "killed.duckdb", desk.extracts, desk.contract, NOW)
    assert _everything(tmp_path / "killed.duckdb") == undisturbed


def test_an_error_in_the_middle_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Callable[[], None]:
        raise duckdb.IOException("disk full")

    desk.put("notes.csv", "note_id\nx\n")
    monkeypatch.setattr("orchestration.landing.returns.write_waiting", fail)
    with pytest.raises(duckdb.IOException):
        desk.land()
    monkeypatch.undo()
    assert desk.rows("select count(*) from landing.files") == [(0,)]
    assert counts(desk.land().files[0]) == (1, 0, 1, 0)
