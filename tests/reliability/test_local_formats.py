"""Persian, Arabic and local text, numbers and dates: read as declared, or not at all."""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from tests.reliability.desk import Desk, counts

pytestmark = pytest.mark.promise(4)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def read(desk: Desk, column: str, cases: list[tuple[str | None, str, str | None]]) -> None:
    """Land a file for each declaration: each value becomes what is expected, None is quarantine.

    A value that is read otherwise than it stands keeps its original.
    """
    for number, declared in enumerate(dict.fromkeys(declared for declared, _, _ in cases)):
        values = {v: expected for d, v, expected in cases if d == declared}
        lines = [f'd{number}-{place};"{value}"' for place, value in enumerate(values)]
        desk.one(f"deals_{number}.csv", "\n".join([f"id;{column}", *lines]), declared)
        found = dict(
            desk.rows(
                f"select coalesce(json_extract_string(_original, '$.{column}'), {column}), {column}"
                f" from raw.crm__deals where id like 'd{number}-%' union all select value, null"
                f" from landing.quarantine where path = 'crm/deals_{number}.csv'"
            )
        )
        assert found == values, declared


# Digits ------------------------------------------------------------------------------------------


def test_digits_of_other_scripts(tmp_path: Path) -> None:
    cases = [
        ("amount", "۱۲۳۴", "1234"),
        ("amount", "١٢٣٤٫٥٠", "1234.50"),
        ("amount", "-۱۲٬۳۴۵٬۶۷۸٫۹", "-12345678.9"),
        ("amount", "12٫5", "12.5"),
        ("amount", "۱۲.۵", "12.5"),
        ("amount", "۱۲٬۳۴", None),  # groups are of three
        ("amount", "۱۲,۵", None),  # a comma can mean two things in any script
        ("amount", "۱۲/۵", None),
        ("amount", "دوازده", None),
        ("days", "۷", "7"),
        ("days", "۱۰۱", None),  # outside of the range
        ("closed_on", "۲۰۲۴-۰۱-۰۵", "2024-01-05"),
        ("closed_on", "٢٠٢٤/٠١/٠٥", "2024/01/05"),
        ("closed_on", "۲۰۲۴-۰۲-۳۰", None),
        ("created_at", "۲۰۲۴-۰۱-۰۵ ۱۰:۳۰", "2024-01-05 10:30"),
        ("opens_at", "۰۹:۳۰", "09:30"),
        ("title", "قرارداد ۱۲٫۵", "قرارداد ۱۲٫۵"),  # text stays as it arrived
    ]
    for column in {case[0] for case in cases}:
        (tmp_path / column).mkdir()
        values = [(None, value, found) for name, value, found in cases if name == column]
        read(Desk(tmp_path / column), column, values)


def test_what_was_read_is_told(desk: Desk) -> None:
    result = desk.one("deals.csv", "id,amount,days\nd1,۱۲,5\nd2,12,۷\nd3,٣,x\nd4,۴,1\n")
    assert counts(result) == (4, 3, 1, 0)
    assert result.notes[1] == "digits of another script read in amount: 2 values, days: 1 value"
    assert desk.landed("id", "_original") == [
        ("d1", '{"amount":"۱۲"}'),
        ("d2", '{"days":"۷"}'),
        ("d4", '{"amount":"۴"}'),
    ]
    assert desk.rows("select original from landing.quarantine") == [('{"amount":"٣"}',)]


def test_digits_in_json_escapes_and_parquet(desk: Desk) -> None:
    desk.one("deals_1.jsonl", '{"id": "d1", "amount": "\\u06f1\\u06F2", "title": "\\u06f1"}\n')
    desk.rows(f"copy (select 'd2' as id, '۵' as days) to '{desk.folder / 'deals_2.parquet'}'")
    desk.land()
    assert desk.rows("select id, amount, days, title from raw.crm__deals order by id") == [
        ("d1", "12", None, "۱"),
        ("d2", None, "5", None),
    ]


def test_nothing_is_rewritten_without_cause(desk: Desk) -> None:
    result = desk.one("deals.csv", "id,amount,closed_on,title\nd1, 012.50 ,2024-1-5,ي و ك\n")
    assert desk.landed("amount", "closed_on", "title", "_original") == [
        (" 012.50 ", "2024-1-5", "ي و ك", None)
    ]
    assert [note for note in result.notes if " read " in note] == []


# Text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["موضوع", "ﻣﻮﺿﻮﻉ", "مـوضوع", "موضو\u200cع", " موضوع ", "كليد", "کلید", "كلید"],
    ids=["plain", "presentation", "tatweel", "zwnj", "spaces", "arabic", "persian", "mixed"],
)
def test_headers_however_they_are_typed(desk: Desk, header: str) -> None:
    text = "سفارش\u200cها ي ك ﻻ"
    desk.one("deals.csv", f"id,{header}\nd1,{text}\n")
    assert desk.landed("title") == [(text,)]  # values stay as they arrived, letter by letter


# Numbers -----------------------------------------------------------------------------------------

COMMA = 'decimal: ","\n'
SWISS = 'thousands: "\'"\n'


def test_numbers(desk: Desk) -> None:
    cases = [
        (None, "12,50", None),
        (None, "1,234", None),
        (None, "1.234,50", None),
        (None, "1 234", None),
        (COMMA, "12,50", "12.50"),
        (COMMA, "-0,5", "-0.5"),
        (COMMA, "12", "12"),
        (COMMA, "12.50", None),  # the point is not what the file declares
        (COMMA, "1.234,50", None),
        (COMMA, "12,5,0", None),
        (COMMA, "۱۲٫۵", "12.5"),
        (COMMA + 'thousands: "."', "1.234.567,89", "1234567.89"),
        (COMMA + 'thousands: "."', "1.234", "1234"),
        (COMMA + 'thousands: "."', "12.50", None),
        (COMMA + 'thousands: "."', "1234,5", "1234.5"),
        (COMMA + 'thousands: " "', "1 234,5", "1234.5"),
        (COMMA + 'thousands: " "', "1\u202f234\u00a0567", "1234567"),
        ('thousands: ","', "1,234.50", "1234.50"),
        ('thousands: ","', "1,23", None),
        (SWISS, "1'234.50", "1234.50"),
        (SWISS, "1’234", "1234"),
        ('decimal: "٫"', "12٫5", "12.5"),
        ('decimal: "٫"', "12.5", None),
        (COMMA, "1,5e3", "1.5e3"),
        (COMMA, "1e999", None),
        (COMMA, "inf", None),
    ]
    read(desk, "amount", cases)


def test_a_hint_may_guess(desk: Desk) -> None:
    cases = [
        ("amount", "12,50", 'declare decimal: ","'),
        ("amount", "1,234.50", 'declare thousands: ","'),
        ("amount", "1.234,50", 'declare decimal: "," and thousands: "."'),
        ("closed_on", "1403/01/05", "declare calendar: jalali"),
        ("closed_on", "۱۴۰۳-۰۱-۰۵", "declare calendar: jalali"),
        ("created_at", "1403-01-05 10:00", "declare calendar: jalali"),
        ("closed_on", "05/01/2024", 'declare their date_format, such as "%d/%m/%Y"'),
        ("closed_on", "soon", None),
    ]
    lines = "".join(f'd{n};{column};"{value}"\n' for n, (column, value, _) in enumerate(cases))
    for column in ("amount", "closed_on", "created_at"):
        text = "".join(
            f"{id};{value}\n"
            for id, name, value in (line.split(";") for line in lines.splitlines())
            if name == column
        )
        desk.one(f"deals_{column}.csv", f"id;{column}\n{text}")
    assert desk.rows("select count(*) from raw.crm__deals") == [(0,)]
    for column, value, hint in cases:
        ((reason,),) = desk.rows(f"select reason from landing.quarantine where value = '{value}'")
        assert reason.startswith(f"{column}: '{value}' is not a")
        assert (hint in reason) if hint else ("declare" not in reason)


# Dates -------------------------------------------------------------------------------------------

JALALI = "calendar: jalali\n"
TEHRAN = "time_zone: Asia/Tehran\n"
DAY_FIRST = 'date_format: "%d/%m/%Y"\n'


def test_dates(desk: Desk) -> None:
    cases = [
        # The first day of 1403 was 20 March 2024; 1399 and 1403 were leap years, 1402 was not.
        (JALALI, "1403-01-01", "2024-03-20"),
        (JALALI, "1403/1/1", "2024-03-20"),
        (JALALI, "۱۴۰۳/۰۱/۰۱", "2024-03-20"),
        (JALALI, "1403.06.31", "2024-09-21"),
        (JALALI, "1403-07-01", "2024-09-22"),
        (JALALI, "1403-07-30", "2024-10-21"),
        (JALALI, "1402-12-29", "2024-03-19"),
        (JALALI, "1403-12-30", "2025-03-20"),
        (JALALI, "1404-01-01", "2025-03-21"),
        (JALALI, "1399-12-30", "2021-03-20"),
        (JALALI, "1357-11-22", "1979-02-11"),
        (JALALI, "1403-01-01 14:30", "2024-03-20 14:30"),
        (JALALI, "1402-12-30", None),
        (JALALI, "1403-07-31", None),
        (JALALI, "1403-06-32", None),
        (JALALI, "1403-13-01", None),
        (JALALI, "1403-00-01", None),
        (JALALI, "1403-01/01", None),
        (JALALI, "03-01-01", None),
        (JALALI, "2024-03-20", None),  # Gregorian where Jalali is declared
        (None, "1403-01-01", None),
        (None, "1699-12-31", None),
        (None, "1700-01-01", "1700-01-01"),
        (DAY_FIRST, "05/01/2024", "2024-01-05"),
        (DAY_FIRST, "۰۵/۰۱/۲۰۲۴", "2024-01-05"),
        (DAY_FIRST, "30/02/2024", None),
        (DAY_FIRST, "2024-01-05", None),
        ('date_format: "%d %b %Y"', "5 Jan 2024", "2024-01-05"),
        ('date_format: "%m/%d/%y"', "01/05/24", "2024-01-05"),
        (JALALI + DAY_FIRST, "31/02/1403", "2024-05-20"),
        (JALALI + DAY_FIRST, "1403/02/31", None),
    ]
    read(desk, "closed_on", cases)


def test_timestamps(desk: Desk) -> None:
    cases = [
        # Tehran is 3:30 ahead, and was 4:30 ahead in the summers until 2022.
        (TEHRAN, "2024-01-05 10:00", "2024-01-05T06:30:00Z"),
        (TEHRAN, "2022-07-01 10:00:00.25", "2022-07-01T05:30:00.250000Z"),
        (TEHRAN, "2024-01-05", "2024-01-04T20:30:00Z"),
        (TEHRAN, "2024-01-05T10:00:00Z", "2024-01-05T10:00:00Z"),
        (TEHRAN, "2024-01-05 10:00:00+07:00", "2024-01-05 10:00:00+07:00"),
        (TEHRAN, "soon", None),
        (JALALI + TEHRAN, "1403-01-01 00:00", "2024-03-19T20:30:00Z"),
        (JALALI + TEHRAN, "۱۴۰۳/۰۱/۰۱ ۱۰:۰۰:۰۰", "2024-03-20T06:30:00Z"),
        (JALALI + TEHRAN, "1403-01-01T10:00+03:30", "2024-03-20 10:00:00+03:30"),
        (JALALI, "1403-01-01", "2024-03-20"),
        (JALALI, "1402-12-30 10:00", None),
        (DAY_FIRST + "time_zone: Asia/Ho_Chi_Minh", "05/01/2024 10:00", "2024-01-05T03:00:00Z"),
        # Clocks went from 2:00 to 3:00 that night.
        ("time_zone: America/New_York", "2024-03-10 02:30", None),
        ("time_zone: America/New_York", "2024-03-10 03:30", "2024-03-10T07:30:00Z"),
    ]
    read(desk, "created_at", cases)


def test_the_calendar_over_all_its_years(desk: Desk, long: bool) -> None:
    """Every day from 1250 to 1500 follows the day before it; a known day of each century."""
    months = [(m, 31 if m < 7 else 30) for m in range(1, 13)]
    years = range(1250, 1501) if long else range(1395, 1410)
    lines = [
        f"{year}-{month:02}-{day:02}"
        for year in years for month, days in months for day in range(1, days + 1)
    ]  # fmt: skip
    text = "".join(f"{place},{day}\n" for place, day in enumerate(lines))
    result = desk.one("deals.csv", "id,closed_on\n" + text, JALALI)
    leap = result.rows_read - result.rows_quarantined - 365 * len(years)
    # Of 251 years, 61 have a 30 Esfand; of 1395 to 1409: 1395, 1399, 1403 and 1408.
    assert leap == (61 if long else 4)
    assert desk.rows(
        "select count(*), min(closed_on), max(closed_on), max(gap) from (select closed_on,"
        " closed_on::date - lag(closed_on::date) over (order by id::int) as gap"
        " from raw.crm__deals)"
    ) == [
        (365 * 251 + 61, "1871-03-21", "2122-03-20", 1) if long
        else (365 * 15 + 4, "2016-03-20", "2031-03-20", 1)
    ]  # fmt: skip
    assert desk.rows(
        "select closed_on from raw.crm__deals where _original like '%1403-01-01%'"
    ) == [("2024-03-20",)]


# Where it is declared ----------------------------------------------------------------------------


def test_a_source_declares_and_a_file_overrides(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "{decimal: ',', calendar: jalali}")
    desk.one("deals_1.csv", 'id,amount,closed_on\nd1,"12,5",1403-01-01\nd2,12.5,\n')
    desk.one("deals_2.csv", "id,amount,closed_on\nd3,12.5,1403-01-02\n", 'decimal: "."')
    assert desk.rows("select id, amount, closed_on from raw.crm__deals order by id") == [
        ("d1", "12.5", "2024-03-20"),
        ("d3", "12.5", "2024-03-21"),
    ]
    assert [row[:2] for row in desk.waiting()] == [(3, "amount")]


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ("encodng: utf-8", "unknown key 'encodng' (is it encoding?); the keys are encoding, "),
        ("encoding: klingon", "encoding is 'klingon'; allowed is utf-8, utf-16-le, windows-1256"),
        ("encoding: base64", "encoding is 'base64'; allowed is"),
        ("encoding: punycode", "encoding is 'punycode'; allowed is"),
        ("delimiter: x", 'delimiter is \'x\'; allowed is ",", ";", "|" or tab'),
        ("calendar: hijri", "calendar is 'hijri'; allowed is gregorian or jalali"),
        ("decimal: ;", "decimal is ';'; allowed is"),
        ("thousands: x", "thousands is 'x'; allowed is"),
        ('decimal: ","\nthousands: ","', "decimal and thousands are both ','; they differ"),
        ("date_format: d/m/y", "date_format is 'd/m/y'; allowed is a pattern such as"),
        ('date_format: "%d/%m/%Y %H"', "date_format is '%d/%m/%Y %H'; allowed is"),
        ('calendar: jalali\ndate_format: "%d %b %Y"', "date_format of calendar jalali can hold"),
        ("time_zone: Tehran", "time_zone is 'Tehran'; allowed is a name such as Asia/Tehran"),
        ("header_row: 0", "header_row is 0; allowed is the number of a row, from 1"),
        ("header_row: true", "header_row is True; allowed is"),
        ("sheet: -1", "sheet is -1; allowed is the name of a sheet or its number, from 1"),
        ("decimal: ','\ndecimal: '.'", "says decimal twice; leave one of them out"),
        ("- decimal", "must be lines of `key: value`; the keys are encoding, delimiter, "),
        ("decimal: {a: b}", "is nested; write lines of `key: value`"),
        ('decimal: "', "cannot be read as YAML in line 1: "),
        ("decimal: !!python/object/apply:os.getcwd []", "is nested"),
        ("decimal: !!python/name:os.getcwd ''", "cannot be read as YAML in line 1: "),
        (b"\xff\xfe", "is not UTF-8; save it as UTF-8"),
    ],
)
def test_a_declaration_that_cannot_be_followed(
    desk: Desk, declared: str | bytes, reason: str
) -> None:
    desk.put("deals.csv.yml", declared)
    found = desk.refused("deals.csv", "id\nd1\n")
    assert found.startswith(f"its declaration deals.csv.yml: {reason}"), found


@pytest.mark.parametrize("declared", ["", "# nothing", "decimal: '.'", "{}"])
def test_a_declaration_of_nothing_is_none(desk: Desk, declared: str) -> None:
    desk.one("deals.csv", "id\nd1\n", declared)
    assert desk.rows("select declaration, file_id = content_hash from landing.files") == [
        (None, True)
    ]
    (desk.folder / "deals.csv.yml").unlink()
    assert [r.status for r in desk.land().files] == ["already_landed"]


def test_a_sidecar_is_no_extract(desk: Desk) -> None:
    desk.put("deals.csv", "id\nd1\n")
    desk.put("deals.csv.yml", "decimal: '.'")
    desk.put("deals_2.csv.yml", "decimal: '.'")
    assert {r.path: r.reason for r in desk.land().files} == {
        "crm/deals.csv": None,
        "crm/deals_2.csv.yml": "says how to read deals_2.csv, but there is no file deals_2.csv"
        " beside it",
    }


def test_a_declaration_makes_the_file_land_again(desk: Desk) -> None:
    text = 'id,amount,created_at\nd1,"12,5",2024-01-05 10:00\nd2,7,2024-01-05 12:00\n'
    assert counts(desk.one("deals.csv", text)) == (2, 1, 1, 0)
    assert desk.land().files[0].status == "already_landed"
    corrected = desk.one("deals.csv", text, COMMA + TEHRAN)
    assert counts(corrected) == (2, 2, 0, 0)
    assert corrected.notes[-1] == "replaces an earlier reading of the same content"
    # The rows of the first reading are gone: one of them would be later than it is.
    assert desk.landed("id", "amount", "created_at", "_first_load_id", "_first_row_number") == [
        ("d1", "12.5", "2024-01-05T06:30:00Z", 1, 2),
        ("d2", "7", "2024-01-05T08:30:00Z", 1, 3),
    ]
    first, second = desk.rows(
        "select file_id, declaration, replaced_by from landing.files order by load_id"
    )
    assert (first[1], first[2]) == (None, second[0])
    assert second[1:] == ('{"decimal": ",", "time_zone": "Asia/Tehran"}', None)
    assert desk.waiting() == []
    assert desk.rows(
        "select returned_file_id, returned_row_number, returned_at is not null"
        " from landing.quarantine"
    ) == [(second[0], 2, True)]
    assert desk.land().files[0].status == "already_landed"
    os.utime(desk.folder / "deals.csv.yml", (1, 1))
    assert desk.land().files[0].status == "already_landed"
    # And back: without the declaration it is what it was.
    (desk.folder / "deals.csv.yml").unlink()
    assert counts(desk.land().files[0]) == (2, 1, 1, 0)
    assert desk.landed("id", "created_at") == [("d2", "2024-01-05 12:00")]
    assert desk.rows("select count(distinct file_id), count(*) from landing.files") == [(3, 3)]
    assert desk.land().files[0].status == "already_landed"


def test_keys_that_are_gone_are_told(desk: Desk) -> None:
    desk.one("deals.csv", "id,amount\nd1,12.5\nd2,7\n")
    again = desk.one("deals.csv", "id,amount\nd1,12.5\nd2,7\n", COMMA)
    assert counts(again) == (2, 1, 1, 0)
    assert again.notes[-1] == (
        "replaces an earlier reading of the same content; 1 keys of that one are in no file now:"
        " build with --full-refresh"
    )


def test_two_files_of_one_content_that_declare_differently(desk: Desk) -> None:
    text = "id,amount\nd1,1\n"
    desk.put("deals_a.csv", text)
    desk.put("deals_b.csv", text)
    desk.put("deals_b.csv.yml", COMMA)
    for _ in range(2):
        first, second = desk.land().files
        assert (first.reason, second.reason) == (
            None,
            "has the same content as crm/deals_a.csv, for which something else is declared; leave"
            " one of the two out",
        )
    (desk.folder / "deals_a.csv").unlink()
    assert [r.status for r in desk.land().files] == ["landed"]
    assert desk.rows("select count(*) from raw.crm__deals") == [(1,)]


def test_a_changed_rule_does_not_let_in_what_the_file_declares_otherwise(
    desk: Desk, tmp_path: Path
) -> None:
    desk.one("deals.csv", "id,amount,days\nd1,12.50,500\nd2,12.50,5\nd3,1,500\n", COMMA)
    assert [row[0] for row in desk.waiting()] == [2, 2, 3, 4]
    path = next((tmp_path / "models").rglob("*.yml"))
    path.write_text(path.read_text().replace("[0, 100]", "[0, 1000]"))
    desk.contract = Desk.__init__.__globals__["load_contract"](tmp_path / "models")
    desk.land()
    assert desk.landed("id") == [("d3",)]


# Encodings ---------------------------------------------------------------------------------------

PERSIAN, VIETNAMESE, FRENCH = "شرکت نفت", "Trần Thị Hồng", "Société à Genève"
ARABIC = "شركة النفط"


def encoded(text: str, encoding: str) -> bytes:
    """Windows-1258 has tone marks apart: ầ is â and a grave."""
    found = b""
    for letter in text:
        try:
            found += letter.encode(encoding)
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", letter)
            tone = next(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
            letter = unicodedata.normalize("NFC", parts.replace(tone, ""))
            found += (letter + tone).encode(encoding)
    return found


@pytest.mark.parametrize(
    ("encoding", "text", "name"),
    [
        ("windows-1256", ARABIC, "cp1256"),
        ("windows-1258", VIETNAMESE, "cp1258"),
        ("latin-1", FRENCH, "iso8859-1"),
        ("windows-1252", FRENCH, "cp1252"),
        ("utf-16-le", PERSIAN, "utf-16-le"),
        ("utf-16-be", PERSIAN, "utf-16-be"),
        ("utf-32-le", PERSIAN, "utf-32-le"),
        ("utf-8", PERSIAN, "utf-8"),
    ],
)
def test_declared_encodings(desk: Desk, encoding: str, text: str, name: str) -> None:
    data = b'id,title\r\nd1,"' + encoded(text, encoding) + b'"\r\n'
    if encoding.startswith("utf"):
        data = f'id,title\r\nd1,"{text}"\r\n'.encode(encoding)
    assert counts(desk.one("deals.csv", data, f"encoding: {encoding}")) == (1, 1, 0, 0)
    assert desk.landed("title") == [(text,)]
    assert desk.rows("select encoding from landing.files") == [(name,)]


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("declared", [True, False])
def test_a_byte_order_mark(desk: Desk, order: str, declared: bool) -> None:
    data = ("\ufeff" + f"id,title\nd1,{PERSIAN}\n").encode(order)
    assert counts(desk.one("deals.csv", data, f"encoding: {order}" if declared else None)) == (
        1, 1, 0, 0
    )  # fmt: skip
    assert desk.landed("id", "title") == [("d1", PERSIAN)]


@pytest.mark.parametrize(
    ("data", "declared", "reason"),
    [
        ("\ufeffid\nd1\n".encode("utf-16-le"), "utf-16-be", "starts with the byte order mark of"),
        ("\ufeffid\nd1\n".encode(), "windows-1256", "starts with the byte order mark of utf-8, but"
         " is declared as cp1256; correct the declaration"),
        ("id\nd1\n".encode("utf-16-be"), "utf-16", "is declared as utf-16 but has no byte order"),
        ("id\nd1\n".encode("utf-16-le"), None, "looks like UTF-16 without a byte order mark"),
        ("id\nd1\n".encode("utf-16-be"), None, "looks like UTF-16 without a byte order mark"),
        (f"{PERSIAN * 50},id\n".encode("utf-16-be"), None, "looks like UTF-16 without a byte"),
        ("id\nd1\n".encode("utf-16-be"), "utf-16-le", "required column missing: id"),
        (b"\xff\xfei\0d\0\n\0d\0001\0\n", None, "cannot be decoded as UTF-16; save it as UTF-8"),
    ],
)  # fmt: skip
def test_an_encoding_that_is_not_so(
    desk: Desk, data: bytes, declared: str | None, reason: str
) -> None:
    found = desk.refused("deals.csv", data, f"encoding: {declared}" if declared else None)
    assert found.startswith(reason), found


def test_bytes_that_the_declared_encoding_does_not_know(desk: Desk) -> None:
    data = b"id,title\nd1,caf\xe9\nd2,\x81\x8d\nd3,\xe0\n"
    assert counts(desk.one("deals.csv", data, "encoding: windows-1252")) == (3, 2, 1, 0)
    assert desk.landed("id", "title") == [("d1", "café"), ("d3", "à")]
    assert desk.waiting() == [
        (3, None, "the line is not valid cp1252, as declared; correct the declaration or the file"
         " and send it again")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("windows-1256", "شركة النفط الوطنية"), ("windows-1258", "Hợp đồng bán hàng")],
)
def test_a_likely_encoding_is_a_hint(desk: Desk, encoding: str, text: str) -> None:
    line = b"," + encoded(text, encoding) + b"\n"
    data = b"id,title\nd0,a\nd1" + line + b"d2" + line
    assert counts(desk.one("deals.csv", data)) == (3, 1, 2, 0)
    words = f"(it looks like {encoding}); save the file as UTF-8, or declare `encoding: {encoding}`"
    assert all(words in reason for _, _, reason in desk.waiting()), desk.waiting()
    header = desk.refused(
        "deals_2.csv", text.encode("windows-1256", "replace") * 3 + b",id\nx,d1\n"
    )
    assert header.startswith("the header is not valid UTF-8")


def test_encodings_delimiters_and_types_together(
    desk: Desk, long: bool, figure: Callable[[str, object], None]
) -> None:
    encodings = ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "windows-1256", "latin-1"]
    delimiters, ends, numbers = ";\t|", ["\n", "\r\n", "\r"], [COMMA, 'decimal: "."\n', SWISS]
    calendars = ["", JALALI, DAY_FIRST]
    zones = ["", TEHRAN, "time_zone: Asia/Riyadh\n"] if long else [TEHRAN]
    cases = list(itertools.product(encodings, delimiters, ends, numbers, calendars, zones))
    cases = cases if long else cases[::23]
    for place, (encoding, delimiter, end, number, calendar, zone) in enumerate(cases):
        amount = {COMMA: "1234,5", SWISS: "1'234.5"}.get(number, "1234.5")
        day = {JALALI: "1403/01/01", DAY_FIRST: "20/03/2024"}.get(calendar, "2024-03-20")
        rows = [
            ["id", "amount", "closed_on", "created_at", "title"],
            [f"d{place}", amount, day, f"{day} 10:00", "é" if encoding == "latin-1" else "a"],
        ]
        text = "".join(delimiter.join(row) + end for row in rows)
        desk.put(f"deals_{place}.csv", text.encode(encoding))
        desk.put(f"deals_{place}.csv.yml", f"encoding: {encoding}\n{number}{calendar}{zone}")
    for result in desk.land().files:
        assert counts(result) == (1, 1, 0, 0), desk.waiting()
    hour = {"": "10:00:00", TEHRAN: "06:30:00", "time_zone: Asia/Riyadh\n": "07:00:00"}
    found = desk.rows(
        "select id, amount::double, closed_on::date, created_at::timestamptz::varchar, title"
        " from raw.crm__deals order by substr(id, 2)::int"
    )
    assert found == [
        (f"d{place}", 1234.5, date(2024, 3, 20), f"2024-03-20 {hour[zone]}+00",
         "é" if encoding == "latin-1" else "a")
        for place, (encoding, _, _, _, _, zone) in enumerate(cases)
    ]  # fmt: skip
    figure("combinations of encoding, delimiter, line end and declared form", len(cases))


def test_a_declared_header_row_and_delimiter(desk: Desk) -> None:
    text = "Report of all deals; page 1\n\nid;title,days\nd1;x\n\nd2;y\n"
    assert desk.refused("deals_1.csv", text).startswith("required column missing: id")
    assert desk.refused("deals_2.csv", text, "header_row: 3").startswith("required column missing")
    landed = desk.one("deals_3.csv", text, "header_row: 3\ndelimiter: ';'")
    assert counts(landed) == (2, 2, 0, 0)
    assert desk.landed("_row_number", "id", "_extra") == [
        (4, "d1", '{"title,days":"x"}'),
        (6, "d2", '{"title,days":"y"}'),
    ]


# Excel -------------------------------------------------------------------------------------------


def workbook(desk: Desk, cells: dict[str, object], name: str = "deals.xlsx") -> Path:
    """Write an Excel file; `Sheet!A1` names a cell of another sheet than the first, `Deals`."""
    book = openpyxl.Workbook()
    book.active.title = "Deals"
    for place, value in cells.items():
        sheet, _, cell = place.rpartition("!")
        if sheet and sheet not in book.sheetnames:
            book.create_sheet(sheet)
        (book[sheet] if sheet else book.active)[cell] = value
    book.save(desk.folder / name)
    return desk.folder / name


def test_an_excel_sheet(desk: Desk) -> None:
    workbook(
        desk,
        {
            "B3": "id", "C3": "Amount", "D3": "days", "E3": "closed_on", "F3": "created_at",
            "G3": "opens_at", "H3": "title", "I3": "colour",
            "B4": "007", "C4": 0.1, "D4": 3, "E4": date(2024, 1, 5),
            "F4": datetime(2024, 1, 5, 10, 30, 15), "G4": time(9, 30), "H4": "=not a formula'",
            "B6": 12, "C6": 123456789012, "D6": "۷", "H6": " سفارش ", "I6": True,
            "B7": "d3", "C7": "#N/A", "H7": 1.5,
            "B8": "d4", "D8": 1.5,
        },
    )  # fmt: skip
    path = desk.folder / "deals.xlsx"
    book = openpyxl.load_workbook(path)
    book.active["H4"].data_type = "s"
    book.save(path)
    (result,) = desk.land().files
    assert counts(result) == (4, 2, 2, 0)
    assert desk.landed(
        "_row_number", "id", "amount", "days", "closed_on", "created_at", "opens_at", "title",
        "_extra",
    ) == [
        (4, "007", "0.1", "3", "2024-01-05", "2024-01-05 10:30:15", "09:30:00", "=not a formula'",
         None),
        (6, "12", "123456789012", "7", None, None, None, " سفارش ", '{"colour":"true"}'),
    ]  # fmt: skip
    assert [(row[0], row[2][:40]) for row in desk.waiting()] == [
        (7, "amount: '#N/A' is not a decimal(18,2); c"),
        (8, "days: '1.5' is not an integer; correct t"),
    ]
    assert desk.rows("select row_text from landing.quarantine where row_number = 7") == [
        ('{"id":"d3","amount":"#N/A","days":null,"closed_on":null,"created_at":null,'
         '"opens_at":null,"title":"1.5"}',)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "declared", "reason"),
    [
        ({"A1": "id", "Old!A1": "id"}, None,
         "several sheets have values (Deals, Old); declare `sheet:` in a file <its name>.yml"),
        ({"A1": "id"}, "sheet: New", "has no sheet 'New'; its sheets are Deals"),
        ({"A1": "id"}, "sheet: 2", "has no sheet number 2; its sheets are Deals"),
        ({}, None, "no sheet has a value in it"),
        ({"A1": "id"}, "header_row: 2", "row 2, which is declared as the header, is empty"),
        ({"A1": "id", "B1": "id"}, None, "columns 'id' and 'id_' both mean id"),
        ({"A1": "id", "A2": "=1+1"}, None, "cell A2 has a formula that was never calculated"),
        ({"A1": "name", "B1": "amount"}, None, "required column missing: id"),
    ],
)  # fmt: skip
def test_an_excel_file_that_does_not_say_what_it_means(
    desk: Desk, cells: dict[str, object], declared: str | None, reason: str
) -> None:
    content = workbook(desk, cells).read_bytes()
    assert desk.refused("deals.xlsx", content, declared).startswith(reason)


def test_the_declared_sheet_and_header(desk: Desk) -> None:
    cells = {"A1": "x", "Data!A1": "All deals", "Data!A3": "id", "Data!B3": "amount",
             "Data!A4": "d1", "Data!B4": "12,5"}  # fmt: skip
    for place, sheet in enumerate(["Data", "data", "2"]):
        workbook(desk, {**cells, "Data!A5": f"d{place}"}, f"deals_{place}.xlsx")
        desk.put(f"deals_{place}.xlsx.yml", f"sheet: {sheet}\nheader_row: 3\n{COMMA}")
    assert [counts(r) for r in desk.land().files] == [(2, 2, 0, 0), (2, 1, 0, 1), (2, 2, 0, 0)]
    assert set(desk.landed("id", "amount")) == {
        ("d1", "12.5"), ("d0", None), ("d1", None), ("d2", None)
    }  # fmt: skip


def test_merged_cells(desk: Desk) -> None:
    def merged(cells: dict[str, object], area: str) -> bytes:
        path = workbook(desk, cells)
        book = openpyxl.load_workbook(path)
        book.active.merge_cells(area)
        book.save(path)
        return path.read_bytes()

    cells: dict[str, object] = {"A1": "Deals", "A2": "id", "B2": "title", "A3": "d1", "B3": "x"}
    reason = "cells A1:B1 of the header are merged; unmerge them and name each column, or declare"
    assert desk.refused("deals.xlsx", merged(cells, "A1:B1")).startswith(reason)
    below = desk.one("deals_b.xlsx", merged({**cells, "A4": "d2"}, "B3:B4"), "header_row: 2")
    assert counts(below) == (2, 2, 0, 0)
    assert "merged cells have a value in the first only: B3:B4" in below.notes
    assert counts(desk.one("deals_c.xlsx", merged(cells, "A1:B1"), "header_row: 2")) == (1, 1, 0, 0)
