"""Files from outside are hostile: names, links, archives and declarations that mean harm."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from orchestration.defs.landing import _metadata
from orchestration.landing import excel, files, readers
from tests.reliability.desk import Desk, counts

pytestmark = pytest.mark.promise(15)

TEXT = "id,title\nd1,x\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# Names -------------------------------------------------------------------------------------------

NAMES = [
    "deals_...csv", "deals_..\\..\\x.csv", "deals_'; drop schema raw; --.csv", 'deals_".csv',
    "deals_\n| x | y |\n.csv", "deals_\r\x1b[31mred.csv", "deals_\u202egpj.csv", "deals_*?[a].csv",
    "deals_{a,b}.csv", "deals_%2e%2e.csv", "deals_$(id)`id`.csv", "deals_|a|b|.csv",
    "deals_<img src=x onerror=alert(1)>.csv".replace("/", ""), "deals_[x](javascript:a).csv",
    "deals_ .csv", "deals_" + "x" * 245 + ".csv", "deals_سفارش\u200cها.csv",
]  # fmt: skip


def test_names_are_only_names(desk: Desk) -> None:
    for place, name in enumerate(NAMES):
        desk.put(name, f"id,title\nd{place},x\n")
        desk.put(f"{name[:-4]}.txt" if len(name) < 200 else "x.txt", "x")
    report = desk.land()
    assert {r.path for r in report.landed} == {f"crm/{name}" for name in NAMES}
    assert desk.rows("select count(*), count(distinct _file_id) from raw.crm__deals") == [
        (len(NAMES), len(NAMES))
    ]
    assert len(report.refused) == len(NAMES)
    for result in report.files:
        line = result.summary()
        assert all(c.isprintable() or c == "\u200c" for c in line), line
    for name in ("refused", "notes"):
        table = str(_metadata(report)[name].value).splitlines()
        assert len(table) == 2 + len(NAMES)
        for line in table:
            plain = line.replace("\\\\", "").replace("\\|", "")
            assert plain.count("|") == 3, line
            assert not any(sign in line.replace("\\" + sign, "") for sign in "<[`!"), line
    assert [r.status for r in desk.land().landed] == []


def test_a_header_breaks_no_line(desk: Desk) -> None:
    result = desk.one("deals.csv", 'id,"a\x1b[2J\x07|b",c\nd1,x,y\n')
    assert result.status == "landed"
    assert result.summary().isprintable()
    assert "\\x1b[2J\\x07|b" in result.summary()
    assert desk.landed("_extra") == [('{"a\\u001B[2J\\u0007|b":"x","c":"y"}',)]


# Links and devices -------------------------------------------------------------------------------


def test_what_is_no_plain_file(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(TEXT)
    (tmp_path / "form.yml").write_text("decimal: ','")
    desk.put("deals_1.csv", TEXT)
    (desk.folder / "deals_2.csv").symlink_to(secret)
    (desk.folder / "deals_3.csv").symlink_to("deals_1.csv")
    (desk.folder / "deals_4.csv").symlink_to("deals_4.csv")
    (desk.folder / "deals_5.csv").symlink_to("/dev/zero")
    os.mkfifo(desk.folder / "deals_6.csv")
    (desk.folder / "deals_7.csv").mkdir()
    desk.put("deals_8.csv", TEXT)
    (desk.folder / "deals_8.csv.yml").symlink_to(tmp_path / "form.yml")
    desk.put("deals_9.csv", TEXT)
    os.mkfifo(desk.folder / "deals_9.csv.yml")
    (desk.extracts / "erp").symlink_to(tmp_path)
    link = "is a symbolic link; copy the file itself to extracts/crm/"
    assert {r.path: r.reason for r in desk.land().files} == {
        "crm/deals_1.csv": None,
        "crm/deals_2.csv": link,
        "crm/deals_3.csv": link,
        "crm/deals_4.csv": link,
        "crm/deals_5.csv": link,
        "crm/deals_6.csv": "is not a regular file",
        "crm/deals_7.csv": "is a folder; only files directly in extracts/crm/ are landed",
        "crm/deals_8.csv": "its declaration deals_8.csv.yml: cannot be opened: Too many levels of"
        " symbolic links",
        "crm/deals_9.csv": "its declaration deals_9.csv.yml: is not a regular file",
        "erp": "is a symbolic link that leads outside the extracts folder; copy the files",
    }
    assert desk.rows("select count(*) from raw.crm__deals") == [(1,)]


def test_a_file_that_becomes_a_link_before_it_is_opened(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.csv").write_text("id,title\nsecret,x\n")
    path = desk.put("deals.csv", TEXT)
    found = files.find_files

    def swapped(*arguments: Any) -> Any:
        candidates = found(*arguments)
        path.unlink()
        path.symlink_to(tmp_path / "secret.csv")
        return candidates

    monkeypatch.setattr("orchestration.landing.loading.find_files", swapped)
    (result,) = desk.land().files
    assert result.reason == "cannot be opened: Too many levels of symbolic links"
    assert desk.rows("from raw.crm__deals") == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_that_is_replaced_while_it_is_read(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The hash is of the first file; DuckDB would open the second one. Size and time are equal."""
    for name, value in (("deals", "good"), ("other", "evil")):
        target = (desk.folder if name == "deals" else tmp_path) / f"{name}.{kind}"
        desk.rows(f"copy (select '{value}' as id) to '{target}' (format {kind})")
    path = desk.folder / f"deals.{kind}"
    status = path.stat()
    read = files.read_content

    def swapped(*arguments: Any) -> Any:
        content = read(*arguments)
        os.replace(tmp_path / f"other.{kind}", path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        return content

    monkeypatch.setattr("orchestration.landing.loading.read_content", swapped)
    (result,) = desk.land().files
    assert path.stat().st_size == status.st_size
    assert result.reason == "was changed while it was read; the next run takes it"
    assert desk.rows("from raw.crm__deals") == []


# Files that expand -------------------------------------------------------------------------------


def test_a_gzip_bomb(desk: Desk, long: bool, figure: Callable[[str, object], None]) -> None:
    """A line without end, and good rows: what counts is how much comes out of how little."""
    size = 2_000_000_000 if long else 120_000_000
    rows = b"id,title\n" + b"d1,x\n" * 200_000
    for name, block in (("deals_1.csv.gz", b"x" * 1_000_000), ("deals_2.csv.gz", rows)):
        desk.put(name, gzip.compress(block) * (size // len(block) + 1))  # of many members
    reasons = [result.reason for result in desk.land().files]
    assert reasons == ["expands to more than 200 times its size; send it uncompressed if it is"
                       " meant"] * 2  # fmt: skip
    figure("bytes in a gzip bomb", size)


def test_a_file_holds_what_the_settings_allow(desk: Desk) -> None:
    noise = os.urandom(300_000).hex().encode()
    desk.put("deals_1.csv", TEXT)
    desk.put("deals_2.csv.gz", gzip.compress(b"id,title\nd2," + noise + b"\n"))
    desk.put("deals_3.csv", b"id,title\nd3," + noise + b"\n")
    reason = "holds more than 500,000 bytes; split it, or raise KPI_MAX_FILE_BYTES"
    found = [result.reason for result in desk.land(max_file_bytes=500_000).files]
    assert found == [None, reason, reason]
    assert [r.status for r in desk.land().files] == ["already_landed", "landed", "landed"]


def book(**sheets: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def changed(data: bytes, parts: dict[str, bytes]) -> bytes:
    """The archive with parts replaced or added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", 8) as new:
        for info in old.infolist():
            if info.filename not in parts:
                new.writestr(info.filename, old.read(info))
        for name, content in parts.items():
            new.writestr(name, content)
    return target.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
GOOD = book(Deals=[["id", "title"], ["d1", "x"]])


def sheet(rows: str) -> dict[str, bytes]:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return {SHEET: f'<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'.encode()}


def test_the_sheet_that_others_are_made_from_is_good(desk: Desk) -> None:
    assert counts(desk.one("deals.xlsx", GOOD)) == (1, 1, 0, 0)
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c></row>'
    made = changed(GOOD, sheet(row.format(1, "id") + row.format(2, "d2")))
    assert counts(desk.one("deals_2.xlsx", made)) == (1, 1, 0, 0)
    odd = {"../../evil.xml": b"<a/>", "/etc/x.xlsx": GOOD, "xl/nested.zip": GOOD}
    assert counts(desk.one("deals_3.xlsx", changed(made, odd))) == (1, 1, 0, 0)
    assert not (desk.folder.parent.parent / "evil.xml").exists()


TOO_LARGE = "a sheet spans more than 5,000,000 cells or 500,000,000 characters (up to "


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (changed(GOOD, sheet('<row r="1"><c r="A1"><v>1</v></c></row>'
                             '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
         TOO_LARGE + "XFD1048576)"),
        (changed(GOOD, sheet('<row r="1"><c r="A1"><v>1</v></c></row>'
                             '<x:row xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/'
                             "2006/main\" r='5000001'><x:c><x:v>1</x:v></x:c></x:row>")),
         TOO_LARGE + "A5000001)"),
        (changed(GOOD, {"xl/big.bin": bytes(120_000_000)}),
         "expands to more than 200 times its size"),
        (changed(GOOD, {SHEET: b'<!DOCTYPE a [<!ENTITY b "x">]><worksheet>&b;</worksheet>'}),
         "cannot be read as Excel: it declares a document type"),
        (changed(GOOD, sheet('<row r="1"><c r="A1"><v>1</v></row>')), "cannot be read as Excel ("),
        (changed(GOOD, {"xl/workbook.xml": b"<workbook/>"}), "no sheet has a value in it"),
        (GOOD[:-40], "cannot be read as Excel: it is damaged, an old .xls, or has a password"),
        (GOOD[:900] + bytes(200) + GOOD[1100:], "cannot be read as Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
         "cannot be read as Excel: it is damaged"),
        (b"PK\x05\x06" + bytes(18), "cannot be read as Excel: it is damaged"),
    ],
    ids=["far cell", "far row", "zeros", "entities", "xml", "no sheets", "cut", "holes", "xls",
         "empty archive"],
)  # fmt: skip
def test_an_excel_file_that_means_harm(desk: Desk, content: bytes, reason: str) -> None:
    found = desk.refused("deals.xlsx", content)
    assert found.startswith(reason), found


def test_a_long_text_in_many_cells(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared texts stand once in the file, and once for each cell in memory."""
    monkeypatch.setattr(excel, "MAX_TEXT", 100_000)
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 102))
    texts = b"<sst><si><t>" + b"x" * 1000 + b"</t></si></sst>"
    parts = {**sheet(cells), "xl/sharedStrings.xml": texts}
    assert desk.refused("deals.xlsx", changed(GOOD, parts)).startswith("a sheet spans more than")


def test_an_archive_that_lies_about_its_parts(desk: Desk) -> None:
    """The directory says 1,000 bytes; what is compressed is 50,000 times that."""
    data = bytearray(changed(GOOD, {"xl/big.bin": bytes(50_000_000)}))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        info = archive.getinfo("xl/big.bin")
    for signature, offset in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        place = data.index(b"xl/big.bin") if signature == b"PK\x03\x04" else data.rindex(b"xl/big")
        start = data.rindex(signature, 0, place)
        struct.pack_into("<III", data, start + offset, zlib.crc32(bytes(1000)), info.compress_size,
                         1000)  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        assert archive.read("xl/big.bin") == bytes(1000)  # zipfile believes it
    reason = desk.refused("deals.xlsx", bytes(data))
    assert reason.startswith("cannot be read as Excel: it is damaged")


def test_a_parquet_file_that_says_too_much(
    desk: Desk, long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of one value takes some bytes for a million rows."""
    rows = 20_000_000 if long else 500_000
    if not long:
        monkeypatch.setattr(readers, "_SURE_VALUES", 1_000_000)
    path = desk.folder / "deals.parquet"
    desk.rows(
        "copy (select 'd' as id, null::varchar as title, null::varchar as a, null::varchar as b"
        f" from range({rows})) to '{path}' (format parquet, row_group_size {rows})"
    )
    (result,) = desk.land().files
    assert (result.reason or "").startswith(f"says that it has {rows:,} rows of 4 columns in ")
    desk.rows(
        "copy (select 'd' as id, repeat('x', 1_000_000) as title from range(200))"
        f" to '{path}' (format parquet, compression zstd)"
    )
    (result,) = desk.land().files
    assert (result.reason or "").startswith("expands to more than 200 times its size")
    desk.rows(f"copy (select n::varchar as id from range(100_000) as t (n)) to '{path}'")
    assert counts(desk.land().files[0]) == (100_000, 100_000, 0, 0)


def test_json_without_end(desk: Desk) -> None:
    deep = "[" * 1_000_000 + "]" * 1_000_000
    desk.put("deals_1.jsonl", '{"id": "d1", "title": ' + deep + '}\n{"id": "d2"}\n')
    desk.put(
        "deals_2.jsonl", "".join(json.dumps({"id": "d", f"c{n}": 1}) + "\n" for n in range(2000))
    )
    first, second = desk.land().files
    assert (first.status, first.rows_read) == ("landed", 2)
    assert desk.rows("select count(*) from raw.crm__deals where id = 'd2'") == [(1,)]
    assert second.reason == "has 2001 columns; at most 1000 can be read; leave some out"


# Declarations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ("#" * 70_000, "is longer than 64,000 bytes; a few lines are enough"),
        ("a: &a x\nb: *a", "holds anchors or aliases (& or *); write each value out"),
        ("decimal: &a ','", "holds anchors or aliases"),
        ("decimal: " + "[" * 30_000, "is nested; write lines of `key: value`"),
        ("decimal: !!python/object/apply:os.system ['id']", "is nested"),
        ("date_format: \"%d/%m/%Y'; drop schema raw cascade; --\"", None),
        ("date_format: \"%d/%m/%Y\\n\"", "date_format is"),
        ("sheet: \"'; drop schema raw; --\"", None),
        ("<<: {decimal: ','}", "is nested"),
        ("? [a]\n: b", "is nested"),
        ("\x00", "cannot be read as YAML"),
    ],
)  # fmt: skip
def test_declarations_that_mean_harm(desk: Desk, declared: str, reason: str | None) -> None:
    if reason is None:
        assert counts(desk.one("deals.csv", "id,closed_on\nd1,\n", declared)) == (1, 1, 0, 0)
    else:
        found = desk.refused("deals.csv", "id,closed_on\nd1,\n", declared)
        assert found.startswith(f"its declaration deals.csv.yml: {reason}"), found
