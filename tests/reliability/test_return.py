"""Rows come back from quarantine: exported, corrected, sent again, or let in by a changed rule.

Expected values are by hand. `Waiting` plays the person who corrects.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import hypothesis
import openpyxl
import pytest
from hypothesis import strategies

from orchestration.landing import LandingReport, land, load_contract
from orchestration.landing.quarantine import export_waiting
from orchestration.settings import PROJECT_DIR
from tests.acceptance.warehouse import Warehouse
from tests.orchestration.test_landing import NOW, Desk, counts

pytestmark = pytest.mark.promise(3)

Rows = list[dict[str, str]]


class Waiting(Desk):
    """A desk with a private folder for what waits."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.yaml = folder / "models" / "staging" / "standard" / "_standard__sources.yml"
        self.private = folder / "private"

    def rule(self, old: str, new: str) -> None:
        """Change the contract."""
        text = self.yaml.read_text()
        assert text.count(old) == 1
        self.yaml.write_text(text.replace(old, new))
        self.contract = load_contract(self.yaml.parents[2])

    def export(self) -> list[Path]:
        exports, _ = export_waiting(self.con, self.contract, self.private / "quarantine")
        return [export.path for export in exports]

    def exported(self) -> Rows:
        """The rows of the only table that waits, as a program that reads CSV sees them."""
        (path,) = self.export()
        return read(path)

    def send(self, name: str, rows: Rows, **dialect: Any) -> Any:
        return self.one(name, written(rows, **dialect))

    def history(self) -> list[tuple[Any, ...]]:
        """Each quarantined row, where it first stood, and where it has come back."""
        return self.rows(
            "select distinct q.path, q.row_number, q.first_load_id, q.first_row_number, f.path,"
            " q.returned_row_number from landing.quarantine q left join landing.files f"
            " on f.file_id = q.returned_file_id order by all"
        )

    def check_books(self) -> None:
        super().check_books()
        books = self.rows(
            "select (select sum(rows_quarantined) from landing.files),"
            " count(distinct (source, entity, quarantine_id)),"
            " count(distinct (source, entity, quarantine_id)) filter (where returned_at is null)"
            " + count(distinct (source, entity, quarantine_id)) filter"
            " (where returned_at is not null), (select count(*) from landing.waiting),"
            " count(distinct (source, entity, quarantine_id)) filter (where returned_at is null)"
            " from landing.quarantine"
        )
        ((quarantined, rows, waiting_and_returned, view, waiting),) = books
        assert (quarantined or 0) == rows == waiting_and_returned
        assert view == waiting


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def written(rows: Rows, delimiter: str = ",", bom: bool = True, end: str = "\r\n") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return ("\ufeff" if bom else "") + text.getvalue()


@pytest.fixture
def desk(tmp_path: Path) -> Waiting:
    return Waiting(tmp_path)


# The way out and back -----------------------------------------------------------------------------


def test_what_a_person_gets(desk: Waiting) -> None:
    desk.put("deals.csv", "deal_id,amount,stage,Mood\nd1,5,won,ok\nd2,x,maybe,sad\nd3,5\n")
    desk.land()
    (path,) = desk.export()
    assert re.fullmatch(r"deals_waiting_1_[0-9a-f]{8}[.]csv", path.name)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    ((file_id,),) = desk.rows("select left(file_id, 16) from landing.files")
    no_number = "amount: 'x' is not a decimal(18,2); correct the value and send the row again"
    no_stage = "stage: 'maybe' is not one of open, won, lost; correct the value and send the row"
    ragged = "expected 4 columns, found 2; correct the line (a value with the delimiter in it goes"
    first, second = read(path)
    assert first == {
        "_quarantine_id": f"{file_id}-3",
        "_reasons": f"{no_number}; {no_stage} again",
        "_file": "standard/deals.csv",
        "_row": "3",
        "deal_id": "d2",
        "amount": "x",
        "stage": "maybe",
        "updated_at": "",
        "_deleted": "",
        "_line": "",
    }
    assert second == {
        "_quarantine_id": f"{file_id}-4",
        "_reasons": f"{ragged} in quotes) and send it again",
        "_file": "standard/deals.csv",
        "_row": "4",
        **dict.fromkeys(("deal_id", "amount", "stage", "updated_at", "_deleted"), ""),
        "_line": "d3,5",
    }


@pytest.mark.parametrize(
    ("name", "content", "correction", "landed", "bad_row"),
    [
        (
            "notes.csv",
            "note_id,body,tag,mood\n1,a,t,\nx,b,u,good\n",
            {"note_id": "2"},
            ("2", "b", "u", '{"mood":"good"}'),
            3,
        ),
        (
            "notes.jsonl",
            '{"note_id": 1}\n\n{"note_id": "x", "body": "b\\r\\nc", "tag": " u", "n": {"m": 1}}\n',
            {"note_id": "2"},
            ("2", "b\r\nc", " u", '{"n":{"m":1}}'),
            3,
        ),
        (
            "notes.csv",
            "note_id,body,tag\n1,a,t\n2,b, c,u\n",
            {"note_id": "2", "body": "b, c", "tag": "u"},
            ("2", "b, c", "u", None),
            3,
        ),
        (
            "notes.csv",
            'note_id,body,tag\n2,"b,u\n1,a,t\n',
            {"note_id": "2", "body": '"b', "tag": "u"},
            ("2", '"b', "u", None),
            2,
        ),
        (
            "notes.jsonl",
            '{"note_id": 1}\n{"note_id": 2, body: "b"}\n',
            {"note_id": "2", "body": "b"},
            ("2", "b", None, None),
            2,
        ),
    ],
    ids=["csv", "jsonl", "ragged line", "unclosed quote", "broken json"],
)
def test_a_row_goes_the_whole_circle(
    desk: Waiting,
    name: str,
    content: str,
    correction: dict[str, str],
    landed: tuple[str | None, ...],
    bad_row: int,
) -> None:
    assert counts(desk.one(name, content)) == (2, 1, 1, 0)
    (row,) = desk.exported()
    result = desk.send("notes_back.csv", [row | correction])
    assert counts(result) == (1, 1, 0, 0)
    assert result.notes[-1] == "1 of these rows had waited in quarantine"
    assert desk.rows(
        "select note_id, body, tag, _extra, _row_number, _load_id, _first_load_id,"
        " _first_row_number from raw.standard__notes where note_id = '2'"
    ) == [(*landed, 2, 2, 1, bad_row)]
    assert desk.history() == [
        (f"standard/{name}", bad_row, 1, bad_row, "standard/notes_back.csv", 2)
    ]
    assert desk.export() == []
    assert list((desk.private / "quarantine/standard").iterdir()) == []
    assert desk.rows("select _first_load_id from raw.standard__notes where note_id = '1'") == [
        (None,)
    ]


def test_columns_that_a_person_has_left_out_are_not_lost(desk: Waiting) -> None:
    desk.one("notes.csv", "note_id,body,tag\nx,b,t\n")
    (row,) = desk.exported()
    desk.send("notes_back.csv", [{"_quarantine_id": row["_quarantine_id"], "note_id": "1"}])
    assert desk.rows("select note_id, body, tag from raw.standard__notes") == [("1", "b", "t")]


def test_a_value_that_a_person_empties_is_empty(desk: Waiting) -> None:
    desk.one("notes.csv", "note_id,body,tag\nx,b,t\n")
    (row,) = desk.exported()
    desk.send("notes_back.csv", [row | {"note_id": "1", "tag": ""}])
    assert desk.rows("select note_id, body, tag from raw.standard__notes") == [("1", "b", None)]


def test_a_correction_that_fails_waits_again_in_the_first_place(desk: Waiting) -> None:
    desk.one("notes.csv", "note_id,body,tag\n1,a,t\nx,b,t\ny,c,t\n")
    first = desk.exported()
    assert counts(desk.send("notes_b.csv", first)) == (2, 0, 2, 0)
    second = desk.exported()
    assert [row["_quarantine_id"][-2:] for row in second] == ["-2", "-3"]
    # The id of the first export still stands for the row.
    assert counts(desk.send("notes_c.csv", [first[0] | {"note_id": "2"}])) == (1, 1, 0, 0)
    assert counts(desk.send("notes_d.csv", [second[1] | {"note_id": "3"}])) == (1, 1, 0, 0)
    assert desk.rows(
        "select note_id, _load_id, _first_load_id, _first_row_number from raw.standard__notes"
        " order by 1"
    ) == [("1", 1, None, None), ("2", 3, 1, 3), ("3", 4, 1, 4)]
    assert desk.history() == [
        ("standard/notes.csv", 3, 1, 3, "standard/notes_b.csv", 2),
        ("standard/notes.csv", 4, 1, 4, "standard/notes_b.csv", 3),
        ("standard/notes_b.csv", 2, 1, 3, "standard/notes_c.csv", 2),
        ("standard/notes_b.csv", 3, 1, 4, "standard/notes_d.csv", 2),
    ]


def test_a_line_that_a_person_has_broken_still_stands_for_its_row(desk: Waiting) -> None:
    desk.one("notes.csv", "note_id,body,tag,mood\nx,b,t,good\n")
    (row,) = desk.exported()
    broken = written([row]).rstrip() + ",,,\r\n"
    assert counts(desk.one("notes_b.csv", broken)) == (1, 0, 1, 0)
    (again,) = desk.exported()
    assert again["_line"].startswith(row["_quarantine_id"])
    assert (again["note_id"], again["body"]) == ("x", "b")
    desk.send("notes_c.csv", [again | {"note_id": "1"}])
    assert desk.rows(
        "select note_id, body, _extra, _first_row_number from raw.standard__notes"
    ) == [("1", "b", '{"mood":"good"}', 2)]


def test_the_same_correction_twice_changes_nothing(desk: Waiting) -> None:
    desk.one("notes.csv", "note_id,body\nx,b\n")
    (row,) = desk.exported()
    desk.send("notes_b.csv", [row | {"note_id": "1"}])
    tables = ("raw.standard__notes", "landing.files", "landing.quarantine")
    before = [desk.rows(f"from {table}") for table in tables]
    assert desk.send("notes_c.csv", [row | {"note_id": "1"}]).status == "already_landed"
    assert [desk.rows(f"from {table}") for table in tables] == before


def test_ids_that_lead_nowhere(desk: Waiting) -> None:
    desk.put("notes.csv", "note_id,body\nx,b\ny,c\n")
    desk.put("deals.csv", "deal_id,stage\nd1,maybe\n")
    desk.land()
    deals, notes = (read(path) for path in sorted(desk.export()))
    landed, twice = (row["_quarantine_id"] for row in notes)
    desk.send("notes_b.csv", [notes[0] | {"note_id": "1"}])

    def note(number: int, quarantine_id: str) -> dict[str, str]:
        return {"_quarantine_id": quarantine_id, "note_id": str(number), "body": "z"}

    other = deals[0]["_quarantine_id"]
    sent = ["", landed, other, "0123456789abcdef-2", f" {twice} ", twice, "nonsense"]
    rows = [note(number, quarantine_id) for number, quarantine_id in enumerate(sent, start=10)]
    assert counts(desk.send("notes_c.csv", rows)) == (7, 2, 5, 0)
    assert desk.rows(
        "select note_id, body, _first_row_number from raw.standard__notes where _row_number > 1"
        " and _load_id = 4 order by 1"
    ) == [("10", "z", None), ("14", "z", 3)]
    unknown = "is no row of this quarantine; take the id from the export, or leave the cell empty"
    assert desk.rows(
        "select row_number, column_name, value, reason from landing.quarantine"
        " where path = 'standard/notes_c.csv' order by 1"
    ) == [
        (3, "_quarantine_id", landed,
         f"_quarantine_id: '{landed}' has come back already, as row 2 of standard/notes_b.csv; if"
         " this is a further correction, export the quarantine again and send it with its new id"),
        (4, "_quarantine_id", other,
         f"_quarantine_id: '{other}' is a row of standard.deals; move it to a file of that table"),
        (5, "_quarantine_id", "0123456789abcdef-2",
         f"_quarantine_id: '0123456789abcdef-2' {unknown} to send a new row"),
        (7, "_quarantine_id", twice,
         f"_quarantine_id: '{twice}' stands in row 6 of this file already; leave the cell empty to"
         " send a new row"),
        (8, "_quarantine_id", "nonsense",
         f"_quarantine_id: 'nonsense' {unknown} to send a new row"),
    ]  # fmt: skip
    # No change of the rules lets in what a person has to decide; the person does.
    desk.one("notes_d.csv", "note_id\nz\n")
    desk.rule("- {name: body}", "- {name: body, config: {meta: {aliases: [words]}}}")
    assert desk.land().rows_accepted == 0
    notes = read(next(path for path in desk.export() if path.name.startswith("notes")))
    (again,) = [row for row in notes if row["_reasons"].startswith(f"_quarantine_id: '{landed}'")]
    assert counts(desk.send("notes_e.csv", [again])) == (1, 1, 0, 0)


def test_a_table_whose_own_columns_are_named_like_those_of_an_export(desk: Waiting) -> None:
    desk.rule("- {name: body}\n          - {name: tag}", "- {name: line}\n          - {name: row}")
    desk.one("notes.csv", "note_id,_line,row\nx,a,b\n")
    (row,) = desk.exported()
    assert (row["line"], row["row"], row["_line"], row["_row"]) == ("a", "b", "", "2")
    desk.send("notes_b.csv", [row | {"note_id": "1"}])
    assert desk.rows("select note_id, line, row, _extra from raw.standard__notes") == [
        ("1", "a", "b", None)
    ]


def test_how_many_wait_is_told(desk: Waiting) -> None:
    desk.put("notes.csv", "note_id\nx\ny\n")
    desk.put("notes.csv", "note_id,mood\n,good\n", source="other")
    assert desk.land().waiting == {"standard.notes": 2, "other.notes": 1}
    report = desk.land(sources=["standard"])
    assert (report.waiting, report.rows_waiting) == ({"standard.notes": 2}, 2)
    since = desk.rows("select quarantine_id[-2:], reasons, waiting_since from landing.waiting")
    assert {row[2] for row in since} == {NOW}


# What a spreadsheet does --------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [True, False])
def test_a_spreadsheet_saves_it_its_own_way(
    desk: Waiting, delimiter: str, bom: bool, end: str
) -> None:
    desk.one("notes.jsonl", json.dumps({"note_id": "x", "body": "a;b\r\n,\tc", "tag": "کتاب‌ها"}))
    (row,) = desk.exported()
    text = written([row | {"note_id": "1"}], delimiter, bom, end)
    assert counts(desk.one("notes_b.csv", text)) == (1, 1, 0, 0)
    assert desk.rows("select note_id, body, tag from raw.standard__notes") == [
        ("1", "a;b\r\n,\tc", "کتاب‌ها")
    ]


def test_a_workbook_comes_back(desk: Waiting) -> None:
    desk.one("notes.csv", 'note_id,body,tag\nx,=1+1,"\'t\nu"\n')
    (row,) = desk.exported()
    book = openpyxl.Workbook()
    for number, cells in enumerate([list(row), list((row | {"note_id": "1"}).values())], start=1):
        for column, value in enumerate(cells, start=1):
            cell = book.active.cell(number, column)
            cell.value, cell.data_type = value, "s"
    book.save(desk.extracts / "standard" / "notes_b.xlsx")
    desk.land()
    assert desk.rows(
        "select note_id, body, tag, _first_load_id, _first_row_number from raw.standard__notes"
    ) == [("1", "=1+1", "'t\nu", 1, 2)]


def test_dates_that_a_spreadsheet_has_rewritten_wait_again(desk: Waiting) -> None:
    desk.one("deals.csv", "deal_id,stage,closed_on\nd1,maybe,2024-05-01\n")
    (row,) = desk.exported()
    assert row["closed_on"] == "2024-05-01"
    changed = row | {"stage": "won", "closed_on": "01/05/2024"}
    assert counts(desk.send("deals_b.csv", [changed])) == (1, 0, 1, 0)
    ((reason,),) = desk.rows("select reasons from landing.waiting")
    assert reason.startswith("closed_on: '01/05/2024' is not a date (write it as 2026-01-31)")


def test_what_was_read_otherwise_than_written_keeps_its_original(desk: Waiting) -> None:
    desk.one("deals.csv", "deal_id,stage,days,score\nd1,maybe,۱۲,۳\n")
    (row,) = desk.exported()
    assert (row["days"], row["score"]) == ("12", "3")
    desk.send("deals_b.csv", [row | {"stage": "won", "score": "۴"}])
    assert desk.rows("select days, score, _original from raw.standard__deals") == [
        ("12", "4", '{"days":"۱۲","score":"۴"}')
    ]


def test_rows_that_have_come_back_stay_when_a_format_is_declared_later(desk: Waiting) -> None:
    desk.one("deals.csv", "deal_id,stage,days\nd1,maybe,1\nd2,won,2\n")
    (row,) = desk.exported()
    desk.send("deals_b.csv", [row | {"stage": "won"}])
    desk.rule("{key: [deal_id], tier: core}", '{key: [deal_id], format: {decimal: ","}}')
    desk.land()
    assert desk.rows("select deal_id, days from raw.standard__deals order by 1") == [
        ("d1", "1"),
        ("d2", "2"),
    ]


@pytest.mark.promise(15)
def test_no_cell_runs_in_a_spreadsheet(desk: Waiting) -> None:
    """By hand: what is written for what arrived. Cut at another sign, no piece runs either."""
    cells = {
        "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
        "+1+1": "'+1+1",
        "-1-1": "'-1-1",
        "@SUM(A1)": "'@SUM(A1)",
        "\t=1": "'\t'=1",
        "\r=1": "'\n'=1",
        " =1": "' =1",
        "＝1": "'＝1",
        "'text": "''text",
        "-5": "-5",
        "+12,50": "+12,50",
        "-1.234,5": "-1.234,5",
        "a;=1": "a;'=1",
        'a;"=1': "a;\"'=1",
        "a\n=1": "a\n'=1",
        "a=1": "a=1",
        "a, -1": "a, -1",
        "5-3": "5-3",
        "text'": "text'",
    }
    lines = [json.dumps({"note_id": f"x{n}", "body": text}) for n, text in enumerate(cells)]
    desk.put("notes.jsonl", "\n".join(lines))
    desk.land()
    (path,) = desk.export()
    assert [row["body"] for row in read(path)] == list(cells.values())
    for delimiter in (",", ";", "\t"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = [cell for row in csv.reader(file, delimiter=delimiter) for cell in row]
        assert len(found) > len(cells)
        begins = re.compile(r'[\s"]*[=+@＝＋－＠-](?![0-9.,]+"?$)')
        assert [cell for cell in found if begins.match(cell)] == []
    rows = [row | {"note_id": str(n)} for n, row in enumerate(read(path))]
    desk.send("notes_b.csv", rows)
    landed = desk.rows("select body from raw.standard__notes order by note_id::int")
    assert [body for (body,) in landed] == list(cells)


_HOSTILE = strategies.text("=+-@'＝;,\t\r\n \"\\\0\u00a0\u001f\ufeff\u200cab1.يک", max_size=8)
_TEXTS = strategies.lists(
    strategies.one_of(_HOSTILE, strategies.text(strategies.characters(codec="utf-8"), max_size=30)),
    min_size=1,
    max_size=40,
)


@pytest.mark.promise(15)
def test_any_text_comes_back_as_it_was(
    tmp_path: Path, long: bool, figure: Callable[[str, object], None]
) -> None:
    """Text of any kind goes out and comes back, once untouched and once typed anew."""
    desk = Waiting(tmp_path)
    seen = 0

    @hypothesis.settings(max_examples=250 if long else 12, deadline=None, derandomize=not long)
    @hypothesis.given(texts=_TEXTS)
    def circle(texts: list[str]) -> None:
        nonlocal seen
        ids = range(seen, seen := seen + len(texts))
        lines = [
            json.dumps({"note_id": f"x{n}", "body": text})
            for n, text in zip(ids, texts, strict=True)
        ]
        arrived = desk.put("notes.jsonl", "\n".join(lines))
        desk.land()
        rows = desk.exported()
        assert len(rows) == len(texts)
        sent = [row | {"note_id": row["note_id"][1:], "tag": row["body"]} for row in rows]
        assert counts(desk.send("notes_back.csv", sent)) == (len(texts), len(texts), 0, 0)
        landed = desk.rows(
            "select body, tag from raw.standard__notes order by note_id::int"
            f" limit {len(texts)} offset {ids.start}"
        )
        assert [body for body, _ in landed] == [None if blank(text) else text for text in texts]
        # What a person types has the line ends of the file, and no NUL.
        typed = [re.sub("\r\n?", "\n", text).replace("\0", "\ufffd") for text in texts]
        assert [tag for _, tag in landed] == [None if blank(text) else text for text in typed]
        arrived.unlink()

    circle()
    figure("texts out and back", seen)


def blank(text: str) -> bool:
    return not text.strip(" \t\n\r\u00a0")


# Files for a person -------------------------------------------------------------------------------


def test_an_export_is_for_nobody_else_and_replaces_no_work(desk: Waiting) -> None:
    desk.put("notes.csv", "note_id,body\nx,b\ny,c\n")
    desk.land()
    before = os.umask(0)
    try:
        (first,) = desk.export()
    finally:
        os.umask(before)
    folder = first.parent
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, first)]
    assert modes == [0o700, 0o700, 0o600]
    assert desk.export() == [first]
    # Nobody has changed it: with another row waiting it gives way to the next one.
    desk.one("notes_2.csv", "note_id\nz\n")
    (second,) = desk.export()
    assert [path.name for path in folder.iterdir()] == [second.name]
    # Somebody has: it stays, and is named.
    second.write_text("my work")
    desk.one("notes_3.csv", "note_id\nw\n")
    exports, changed = export_waiting(desk.con, desk.contract, desk.private / "quarantine")
    assert changed == [second]
    assert second.read_text() == "my work"
    assert [export.rows for export in exports] == [4]
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_the_command(desk: Waiting, tmp_path: Path) -> None:
    environment = os.environ | {
        "KPI_WAREHOUSE": str(tmp_path / "own" / "warehouse.duckdb"),
        "KPI_EXTRACTS": str(desk.extracts),
        "KPI_PUBLISHED": str(tmp_path / "published"),
    }

    def run(module: str) -> str:
        command = [sys.executable, "-m", module]
        done = subprocess.run(
            command, env=environment, cwd=PROJECT_DIR, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("orchestration.landing.quarantine") == "no row waits in quarantine\n"
    desk.put("teams.csv", "team_id,team_name,department\n1,North,moon\n")
    assert "1 rows wait in quarantine: `make quarantine` writes them out" in run(
        "orchestration.landing"
    )
    told = run("orchestration.landing.quarantine")
    (path,) = (tmp_path / "own" / "quarantine" / "standard").iterdir()
    assert f"{path}: 1 rows" in told
    assert f"move the file to {desk.extracts}/<source>/" in told
    (row,) = read(path)
    assert (row["team_id"], row["team_name"], row["_row"]) == ("1", "North", "2")


# A rule that changes ------------------------------------------------------------------------------


def test_a_rule_that_loosens_lets_in_what_waits(desk: Waiting) -> None:
    text = "deal_id,stage,Mood\nd1,won,\nd2,maybe,5\nd3,wrong,\nd2,maybe,7\nd4,x,y,z\n"
    assert counts(desk.one("deals.csv", text)) == (5, 1, 4, 0)
    desk.rule("[Open, won, lost]", "[Open, won, lost, maybe]")
    report = desk.land()
    again = report.files[0]
    assert (again.path, again.status) == ("standard/deals (checked again)", "landed")
    # Both rows of d2 are in the books: the later one replaces the earlier, as in any file.
    assert counts(again) == (2, 1, 0, 1)
    assert report.waiting == {"standard.deals": 2}
    assert desk.rows(
        "select deal_id, stage, _extra, _row_number, _load_id, _first_load_id, _first_row_number"
        " from raw.standard__deals order by _load_id, _row_number"
    ) == [
        ("d1", "won", None, 2, 1, None, None),
        ("d2", "maybe", '{"Mood":"5"}', 1, 2, 1, 3),
        ("d2", "maybe", '{"Mood":"7"}', 3, 2, 1, 5),
    ]
    assert desk.rows(
        "select row_number, reasons from landing.waiting order by row_number"
    ) == [
        (4, "stage: 'wrong' is not one of open, won, lost, maybe; correct the value and send the"
            " row again"),
        (6, "expected 3 columns, found 4; correct the line (a value with the delimiter in it goes"
            " in quotes) and send it again"),
    ]  # fmt: skip
    before = [desk.rows(f"from {table}") for table in ("landing.files", "landing.quarantine")]
    assert [result.status for result in desk.land().files] == ["already_landed"]
    assert [desk.rows(f"from {t}") for t in ("landing.files", "landing.quarantine")] == before


def test_a_rule_that_tightens_gives_what_waits_its_new_reasons(desk: Waiting) -> None:
    desk.one("deals.csv", "deal_id,stage,days\nd1,maybe,5\n")
    assert desk.rows("select reasons from landing.waiting") == [
        ("stage: 'maybe' is not one of open, won, lost; correct the value and send the row again",)
    ]
    desk.rule("{name: days, data_type: integer}", "{name: days, data_type: date}")
    ((waits_since, quarantine_id),) = desk.rows(
        "select waiting_since, quarantine_id from landing.waiting"
    )
    assert [result.status for result in desk.land().files] == ["already_landed"]
    ((reasons, *same),) = desk.rows(
        "select reasons, waiting_since, quarantine_id from landing.waiting"
    )
    assert same == [waits_since, quarantine_id]
    assert reasons.startswith("days: '5' is not a date (write it as 2026-01-31)")
    assert "; stage: 'maybe' is not one of open, won, lost;" in reasons
    assert desk.rows("select count(*) from landing.quarantine") == [(2,)]


def test_a_new_name_of_a_column_is_found_in_what_waits(desk: Waiting) -> None:
    text = "deal_id,stage,Worth,Mood\nd1,won,1,\nd2,maybe,12,sad\nd3,maybe,none,\nd4,wrong,8,\n"
    desk.one("deals.csv", text)
    desk.rule("aliases: [deal_value]", "aliases: [deal_value, worth]")
    desk.rule("[Open, won, lost]", "[Open, won, lost, maybe]")
    assert counts(desk.land().files[0]) == (1, 1, 0, 0)
    assert desk.rows(
        "select amount, json_extract_string(_extra, '$.Mood'), json_extract_string(_extra,"
        " '$.Worth') from raw.standard__deals where deal_id = 'd2'"
    ) == [("12", "sad", None)]
    waiting = {row["deal_id"]: row for row in desk.exported()}
    assert waiting["d3"]["amount"] == "none"
    assert waiting["d3"]["_reasons"].startswith("amount: 'none' is not a decimal(18,2)")
    assert waiting["d4"]["amount"] == "8"
    desk.send("deals_b.csv", [waiting["d3"] | {"amount": "3"}])
    assert desk.rows(
        "select amount, _first_row_number from raw.standard__deals where deal_id='d3'"
    ) == [("3", 4)]


def test_a_column_that_leaves_the_contract_is_kept(desk: Waiting) -> None:
    desk.one("notes.csv", "note_id,body,tag\nx,b,t\n")
    desk.rule("\n          - {name: tag}", "")
    desk.rule("note_id, data_type: integer", "note_id, data_type: varchar")
    assert counts(desk.land().files[0]) == (1, 1, 0, 0)
    assert desk.rows("select note_id, body, _extra from raw.standard__notes") == [
        ("x", "b", '{"tag":"t"}')
    ]


def test_only_the_sources_of_the_run_are_checked_again(desk: Waiting) -> None:
    desk.one("deals.csv", "deal_id,stage\nd1,maybe\n")
    desk.rule("[Open, won, lost]", "[Open, won, lost, maybe]")
    assert desk.land(sources=["other"]).files == []
    assert desk.land(sources=["standard"]).rows_accepted == 1


def test_a_warehouse_of_before_is_taken_over(desk: Waiting) -> None:
    """What waited before rows had ids waits on, is exported, and is checked again."""
    desk.one("deals.csv", "deal_id,stage\nd1,maybe\nd2,wrong\n")
    new = desk.rows(
        "select column_name from duckdb_columns() where table_name = 'quarantine'"
        " and column_index > 11"
    )
    desk.con.execute("drop view landing.waiting")
    for (column,) in new:
        desk.con.execute(f"alter table landing.quarantine drop column {column}")
    desk.rule("[Open, won, lost]", "[Open, won, lost, maybe]")
    assert desk.land().rows_accepted == 1
    (row,) = desk.exported()
    desk.send("deals_b.csv", [row | {"stage": "won"}])
    assert desk.rows("select deal_id, _first_row_number from raw.standard__deals order by 1") == [
        ("d1", 2),
        ("d2", 3),
    ]


_TABLES = {
    "raw.standard__deals": "_loaded_at",
    "landing.files": "started_at, ended_at",
    "landing.quarantine": "loaded_at, returned_at",
}


def everything(path: Path) -> list[list[tuple[Any, ...]]]:
    with duckdb.connect(str(path)) as con:
        return [
            con.execute(f"select * exclude ({left_out}) from {table} order by all").fetchall()
            for table, left_out in _TABLES.items()
        ]


def test_a_kill_in_the_middle_of_a_check_loses_and_doubles_nothing(
    tmp_path: Path, long: bool, figure: Callable[[str, object], None]
) -> None:
    desk = Waiting(tmp_path)
    rows = "".join(f"d{n},maybe,{n}\nw{n},wrong,x\n" for n in range(1_000))
    desk.put("deals.csv", f"deal_id,stage,days\n{rows}")
    stored = tmp_path / "warehouse.duckdb"
    land(stored, desk.extracts, desk.contract, NOW)
    desk.rule("[Open, won, lost]", "[Open, won, lost, maybe]")
    before = everything(stored)
    undisturbed = tmp_path / "undisturbed.duckdb"
    undisturbed.write_bytes(stored.read_bytes())
    started = time.monotonic()
    land(undisturbed, desk.extracts, desk.contract, NOW)
    lasts = time.monotonic() - started
    after = everything(undisturbed)
    program = f"""
import sys
from datetime import UTC, datetime; from pathlib import Path
from orchestration.landing import land, load_contract
folder = Path({str(tmp_path)!r}); contract = load_contract(folder / "models")
print("ready", flush=True)
land(folder / "warehouse.duckdb", folder / "extracts", contract,
     datetime(2026, 3, 1, 6, tzinfo=UTC))
"""
    chance = random.Random(11)
    found = set()
    kills = 60 if long else 3
    for _ in range(kills):
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT_DIR) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 1.2 * lasts))
            process.send_signal(signal.SIGKILL)
        state = everything(stored)
        found.add("before" if state == before else "after" if state == after else "between")
    assert found <= {"before", "after"}
    land(stored, desk.extracts, desk.contract, NOW)
    assert everything(stored) == after
    figure("kills while rows were checked again", kills)


def test_an_error_in_the_middle_of_a_check_leaves_all_as_it_was(
    desk: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.one("deals.csv", "deal_id,stage\nd1,maybe\nd2,wrong\n")
    before = [desk.rows(f"from {table}") for table in _TABLES]
    desk.rule("[Open, won, lost]", "[Open, won, lost, maybe]")

    def fail(*_: object) -> LandingReport:
        raise duckdb.IOException("disk full")

    monkeypatch.setattr("orchestration.landing.returns.mark_returned", fail)
    with pytest.raises(duckdb.IOException):
        desk.land()
    monkeypatch.undo()
    assert [desk.rows(f"from {table}") for table in _TABLES] == before
    assert desk.land().rows_accepted == 1


# The order of versions ----------------------------------------------------------------------------


def test_a_late_correction_does_not_overrule_what_arrived_after_the_row(
    tmp_path: Path, long: bool
) -> None:
    """Teams carry no updated_at here: the order of arrival decides which version counts."""
    warehouse = Warehouse(tmp_path, date(2025, 12, 31))
    folder = tmp_path / "extracts" / "standard"
    folder.mkdir(parents=True)
    contract = load_contract(PROJECT_DIR / "models")

    def arrives(name: str, text: str) -> LandingReport:
        (folder / name).write_text(text, encoding="utf-8")
        with duckdb.connect(str(warehouse.warehouse)) as con:
            return land(con, tmp_path / "extracts", contract, NOW)

    def names() -> dict[str, str]:
        with duckdb.connect(str(warehouse.warehouse)) as con:
            return dict(con.execute("select team_id, team_name from conformed.teams").fetchall())

    head = "team_id,team_name,department\n"
    arrives("teams_1.csv", head + "3,Three as it was,sales\n")
    arrives(
        "teams_2.csv",
        head + "1,One,sales\n2,Two as it was,moon\n3,Three corrected,moon\n4,Four,moon\n",
    )
    arrives("teams_3.csv", head + "2,Two as it is,sales\n")
    if long:  # then the build below reads again only the keys that have come back
        warehouse.build(select=("+teams",))
        assert names() == {"1": "One", "2": "Two as it is", "3": "Three as it was"}
    with duckdb.connect(str(warehouse.warehouse)) as con:
        ((path,),) = [[e.path for e in export_waiting(con, contract, tmp_path / "waiting")[0]]]
    rows = [row | {"department": "sales"} for row in read(path)]
    assert len(rows) == 3
    assert arrives("teams_4.csv", written(rows)).rows_accepted == 3
    expected = {"1": "One", "2": "Two as it is", "3": "Three corrected", "4": "Four"}
    warehouse.build(select=("+teams",))
    assert names() == expected
    if long:
        warehouse.build(select=("+teams",), full_refresh=True)
        assert names() == expected
