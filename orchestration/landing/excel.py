"""Excel files (.xlsx) as JSON lines, one line for each row of the sheet.

Calamine reads the values. It builds the whole rectangle that the cells span in memory, so what an
archive and its sheets really hold is measured first, whatever their headers say.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from orchestration.landing.files import Content, Refusal, check_size
from orchestration.landing.formats import OTHER_SCRIPT, Format

# The rectangle of a sheet may have so many cells, and so many characters of text in them.
MAX_CELLS = 5_000_000
MAX_TEXT = 500_000_000

_MAX_PARTS = 10_000
_CHUNK = 1 << 18  # bytes
_REFERENCE = re.compile(r"([A-Z]{1,4})([0-9]{1,9})")
_SAVE_AS_CSV = "save it as CSV and send that"


class _Enough(Exception):
    """Ends the parsing of a part whose rest is of no interest."""


@dataclass
class _Sheet:
    """What a part of the archive tells of a sheet: places are row and column, from 1."""

    rows: int = 0
    columns: int = 0
    cells: int = 0
    text: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    not_calculated: str | None = None


def to_json_lines(path: Path, form: Format, scratch: Path, max_bytes: int) -> Content:
    """Write the declared or only sheet to `scratch`; a blank row and the header are blank lines.

    Raises Refusal if the file is none of Excel, holds more than can be read, or does not tell which
    sheet or which header is meant.
    """
    with path.open("rb") as stream:
        try:
            sheets = _scan(stream, max_bytes)
            name = _choose(sheets, form.sheet)
            stream.seek(0)
            with CalamineWorkbook.from_filelike(stream) as workbook:
                return _write(workbook.get_sheet_by_name(name), sheets[name], form, scratch)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise Refusal(
                "cannot be read as Excel: it is damaged, an old .xls, or has a password; open it in"
                " Excel and save it as .xlsx without one"
            ) from error
        except (CalamineError, expat.ExpatError, zlib.error) as error:
            raise Refusal(_damaged(error)) from error
        except BaseException as error:
            # How a panic of the library's Rust comes out.
            if type(error).__name__ != "PanicException":
                raise
            raise Refusal(_damaged(error)) from error


def _damaged(error: BaseException) -> str:
    what = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return f"cannot be read as Excel ({what}); open it in Excel, save it and send it again"


# The archive --------------------------------------------------------------------------------------


def _scan(stream: BinaryIO, max_bytes: int) -> dict[str, _Sheet]:
    """The sheets of a workbook by name, in order, after a look at every byte of the archive."""
    size = os.fstat(stream.fileno()).st_size
    texts: list[int] = []
    found: dict[str, _Sheet] = {}
    worksheets: list[zipfile.ZipInfo] = []
    with zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
        names = [part.filename for part in parts]
        if len(parts) > _MAX_PARTS or len(set(names)) < len(names):
            raise Refusal("cannot be read as Excel: the archive holds too many parts, or one twice")
        read = 0
        for part in parts:
            kinds = set()
            for kind, length in _measured(stream, part, texts):
                kinds.add(kind)
                read += length
                check_size(read, size, max_bytes)
            if "worksheet" in kinds:
                worksheets.append(part)
        for part in worksheets:
            found[part.filename] = _Sheet()
            _parse(_inflated(stream, part), _sheet_handlers(found[part.filename], texts))
        by_lower = {name.lower(): sheet for name, sheet in found.items()}
        return {name: by_lower.get(target.lower(), _Sheet()) for name, target in _targets(archive)}


def _measured(
    stream: BinaryIO, part: zipfile.ZipInfo, texts: list[int]
) -> Iterator[tuple[str, int]]:
    """The kind of a part (its first element) and the bytes in it, chunk by chunk.

    Sets `texts` to the lengths of the shared texts once their part has been read.
    """
    kind = ""
    lengths: list[int] = []

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal kind
        if not kind:
            kind = name
        if kind != "sst":
            raise _Enough
        if name == "si":
            lengths.append(0)

    def text(data: str) -> None:
        if lengths:
            lengths[-1] += len(data)

    parser: Any = _parser(start, lambda _: None, text)
    for chunk in _inflated(stream, part):
        if parser:
            try:
                parser.Parse(chunk, False)
            except (_Enough, expat.ExpatError):  # What Excel needs is read again, strictly.
                parser = None
        yield kind, len(chunk)
    if kind == "sst":
        texts[:] = lengths


def _inflated(stream: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a part as it is, not as the archive says; zipfile stops where that says."""
    stream.seek(part.header_offset)
    header = stream.read(30)
    if len(header) < 30 or part.flag_bits & 1 or part.compress_type not in (0, 8):
        raise zipfile.BadZipFile("a part is encrypted or compressed in an unknown way")
    start = part.header_offset + 30
    start += int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    inflater = zlib.decompressobj(-15) if part.compress_type == 8 else None
    left, read, pending = part.compress_size, 0, b""
    while left or pending:
        if not pending:
            stream.seek(start + part.compress_size - left)
            pending = stream.read(min(left, _CHUNK))
            if not pending:
                raise zipfile.BadZipFile("the archive ends in the middle of a part")
            left -= len(pending)
        if inflater:
            chunk = inflater.decompress(pending, _CHUNK)
            pending = b"" if inflater.eof else inflater.unconsumed_tail
            if inflater.eof:
                left = 0
        else:
            chunk, pending = pending, b""
        read += len(chunk)
        if chunk:
            yield chunk
    if read != part.file_size:
        raise zipfile.BadZipFile("a part is not as long as the archive says")


def _targets(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Names of the sheets in order, each with the part that holds it."""
    sheets: list[tuple[str, str]] = []
    targets: dict[str, str] = {}

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            ids = [v for k, v in attributes.items() if k.endswith(":id")]
            sheets.append((attributes.get("name", ""), ids[0] if ids else ""))

    def relationship(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))
            targets[attributes.get("Id", "")] = target.lstrip("/")

    def ignore(_: str) -> None:
        return None

    try:
        _parse(iter([archive.read("xl/workbook.xml")]), (sheet, ignore, ignore))
        _parse(iter([archive.read("xl/_rels/workbook.xml.rels")]), (relationship, ignore, ignore))
    except KeyError as error:
        raise zipfile.BadZipFile("the archive is no workbook") from error
    return [(name, targets.get(identifier, "")) for name, identifier in sheets]


_Handlers = tuple[
    Callable[[str, dict[str, str]], None], Callable[[str], None], Callable[[str], None]
]


def _parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> expat.XMLParserType:
    """A parser that calls back with names without their prefixes, and knows no entities."""

    def doctype(*_: object) -> None:
        raise Refusal("cannot be read as Excel: it declares a document type; save it in Excel")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = lambda name, found: start(name.rpartition(":")[2], found)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = text
    return parser


def _parse(chunks: Iterator[bytes], handlers: _Handlers) -> None:
    parser = _parser(*handlers)
    for chunk in chunks:
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _sheet_handlers(sheet: _Sheet, texts: list[int]) -> _Handlers:
    row, column = 0, 0
    kind, has_formula, value, inside = "", False, None, False
    widths: dict[str, int] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, kind, has_formula, value, inside
        if name == "c":
            kind, has_formula, value = attributes.get("t", ""), False, None
            if match := _REFERENCE.fullmatch(attributes.get("r", "")):
                letters = match[1]
                column = widths.get(letters) or widths.setdefault(letters, _number(letters))
                row = int(match[2])
            else:
                column += 1
        elif name == "row":
            row, column = int(attributes.get("r") or row + 1), 0
        elif name == "f":
            has_formula = True
        elif name in ("v", "is"):
            inside, value = True, ""

    def text(data: str) -> None:
        nonlocal value
        if inside:
            value = (value or "") + data

    def end(name: str) -> None:
        nonlocal inside
        if name in ("v", "is"):
            inside = False
        elif name == "c":
            if has_formula and not value and kind != "str" and sheet.not_calculated is None:
                sheet.not_calculated = f"{_letters(column)}{row}"
            if value is not None:
                _count(sheet, row, column, kind, value, texts)

    return start, end, text


def _count(sheet: _Sheet, row: int, column: int, kind: str, value: str, texts: list[int]) -> None:
    """Add one cell with a value. Raises Refusal where the sheet becomes too large to be read."""
    sheet.cells += 1
    sheet.rows = max(sheet.rows, row)
    sheet.columns = max(sheet.columns, column)
    if kind == "e":
        sheet.errors[row, column] = value
    elif kind == "s":
        index = int(value) if value.strip().isascii() and value.strip().isdigit() else -1
        sheet.text += texts[index] if 0 <= index < len(texts) else 0
    else:
        sheet.text += len(value)
    if sheet.rows * sheet.columns > MAX_CELLS or sheet.text > MAX_TEXT:
        raise Refusal(
            f"a sheet spans more than {MAX_CELLS:,} cells or {MAX_TEXT:,} characters (up to"
            f" {_letters(column)}{row}); delete what lies outside of the table, or {_SAVE_AS_CSV}"
        )


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letters(column: int) -> str:
    letters = ""
    while column > 0:
        column, place = divmod(column - 1, 26)
        letters = chr(65 + place) + letters
    return letters


def _choose(sheets: dict[str, _Sheet], declared: str | int | None) -> str:
    """The name of the sheet to read."""
    names = list(sheets)
    if isinstance(declared, int):
        if declared > len(names):
            raise Refusal(f"has no sheet number {declared}; its sheets are {', '.join(names)}")
        return names[declared - 1]
    if isinstance(declared, str):
        same = [name for name in names if name.lower() == declared.lower()]
        if not same:
            raise Refusal(f"has no sheet {declared!r}; its sheets are {', '.join(names)}")
        return declared if declared in same else same[0]
    filled = [name for name, sheet in sheets.items() if sheet.cells]
    if not filled:
        raise Refusal("no sheet has a value in it; send the file again")
    if len(filled) > 1:
        raise Refusal(
            f"several sheets have values ({', '.join(filled)}); declare `sheet:` in a file"
            " <its name>.yml beside it, or leave one sheet in the file"
        )
    return filled[0]


# The table ----------------------------------------------------------------------------------------


def _write(sheet: CalamineSheet, scanned: _Sheet, form: Format, scratch: Path) -> Content:
    if scanned.not_calculated:
        raise Refusal(
            f"cell {scanned.not_calculated} has a formula that was never calculated; open the file"
            " in Excel, save it and send it again"
        )
    if sheet.start is None:
        raise Refusal(f"sheet {sheet.name} has no value in it; send the file again")
    first = sheet.start[1] + 1  # the column of the first value in a row

    def rows() -> Iterator[tuple[int, list[str | None]]]:
        for number, row in enumerate(sheet.iter_rows(), start=1):
            errors = scanned.errors
            yield (
                number,
                [
                    errors.get((number, first + place)) if value == "" else _text(value)
                    for place, value in enumerate(row)
                ],
            )

    header_row, names, used = 0, [], set[int]()
    for number, row in rows():
        if header_row:
            used.update(place for place, value in enumerate(row) if value is not None)
        elif form.header_row == number or (not form.header_row and any(v is not None for v in row)):
            header_row, names = number, row
    if not any(name is not None for name in names):
        raise Refusal(f"row {form.header_row}, which is declared as the header, is empty")
    notes = _merged(sheet, header_row)
    columns: dict[int, str] = {}
    for place, name in enumerate(names):
        if name is None and place not in used:
            continue
        shown = (name or "").strip() or f"column_{first + place}"
        while shown in columns.values():
            shown += "_"
        columns[place] = shown
    content = Content(path=scratch / "rows", names=list(columns.values()), notes=notes)
    with content.path.open("wb") as target:
        for number, row in rows():
            line = b""
            if number > header_row and any(row[place] is not None for place in columns):
                values = {name: row[place] for place, name in columns.items() if row[place]}
                line = json.dumps(values, ensure_ascii=False).encode("utf-8")
                content.other_script = content.other_script or bool(OTHER_SCRIPT.search(line))
            target.write(line + b"\n")
    return content


def _text(value: object) -> str | None:
    """A cell as a CSV would write it; None if it is empty."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value) or None


def _merged(sheet: CalamineSheet, header_row: int) -> list[str]:
    """A note on merged cells below the header. Raises Refusal if the header has some."""
    below = []
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        shown = f"{_letters(left + 1)}{top + 1}:{_letters(right + 1)}{bottom + 1}"
        if top < header_row <= bottom + 1:
            raise Refusal(
                f"cells {shown} of the header are merged; unmerge them and name each column, or"
                " declare `header_row:` in a file <its name>.yml beside it"
            )
        if top >= header_row:
            below.append(shown)
    if not below:
        return []
    more = f" and {len(below) - 5} more" if len(below) > 5 else ""
    return [f"merged cells have a value in the first only: {', '.join(below[:5])}{more}"]
