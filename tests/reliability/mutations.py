"""Good files of the contract, and what happens to files on their way. All of it follows from a
seed and a number, so a file that failed can be made again.

A file is made as a table, written as text in pieces (a header, rows, blank lines), encoded, and
packed. Damage is done to pieces; so it is known which rows are as they were written, what their
values are, and which cannot land. Each row bears a token that no other row of any file bears.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import tempfile
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb
import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from orchestration.landing import Column, Entity

ENTITIES = (
    "accounts", "activities", "competitors", "contacts", "employee_surveys", "expenses", "leads",
    "lead_stage_history", "nps_surveys", "opportunities", "opportunity_products", "products",
    "proposals", "rep_assignment_history", "subscription_periods", "targets", "teams",
)  # fmt: skip

_TEXTS = (
    "شرکت کتاب\u200cخانهٔ نمونه", "می\u200cشود، گروه پیشرو", "مكتبة الأمل ـ ١٢٣",
    "شركة الشرق; بغداد",
    "Công ty Cổ phần Đầu tư", "Tiếng Việt, Hà Nội", "Müller & Söhne", "Åre | Ðà", "😀 ok",
    'says "hello"', '"', '""', ",", ";;", "a,b;c|d\te", "two\nlines", 'three\n\n"lines", x\n',
    '"x"\n"y"', "0012", "NULL", "null", "=1+1", "-", "'", "\\", "\\N", "\\\"", "#1", "//",
    "a\u2028b", "a\x0bb", "a\x1fb", "a\x1ab", "a\x85b", "a\ufeffb", " lead", "trail ", "\u00a0x",
    "plain", "plain text", "A-1", "sep=;", "{}", '{"a": 1}', "x" * 3000,
)  # fmt: skip
_BAD_TEXTS = ("n/a", "maybe", "31.12.2024", "12,x", "؟", "--", "1_000", "2024-13-01")
_SHARES = {".csv": 60, ".csv.gz": 10, ".jsonl": 14, ".jsonl.gz": 2, ".parquet": 5, ".xlsx": 3}
_DELIMITERS = (",", ";", "\t", "|")

Fate = Literal["good", "bad", "any"]


@dataclass
class Row:
    """One row as it is written: its cells by place, and whether it must land (good) or must not.

    `any`: it was damaged in a way that leaves both open.
    """

    token: str
    cells: list[str | None]
    fate: Fate = "good"
    spoilt: set[str] = field(default_factory=set)  # columns with a value of another type

    def spoil(self, column: str) -> None:
        self.spoilt.add(column)
        self.fate = "bad"


@dataclass
class Piece:
    """A stretch of the file: the header, a row or a blank line, with its line end."""

    data: bytes
    row: Row | None = None
    is_header: bool = False
    damaged: bool = False


@dataclass
class File:
    """A file and what is known of it. `codec` is how one who knows it would read its text."""

    entity: Entity
    file_type: str
    token: str
    header: list[tuple[str, Column | None]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    mutations: list[str] = field(default_factory=list)
    delimiter: str = ","
    codec: str = "utf-8"
    bom: bytes = b""
    declared: dict[str, str] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    must_refuse: bool = False
    may_refuse: bool = False
    packed: bytes | None = None  # where the bytes of the file are not those of its pieces
    packing_damaged: bool = False

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        if self.packed is not None:
            return self.packed
        return self.bom + b"".join(piece.data for piece in self.pieces)

    @property
    def is_text(self) -> bool:
        return self.file_type.startswith((".csv", ".jsonl"))

    def expected(self, row: Row) -> tuple[dict[str, str | None], dict[str, str | None] | None]:
        """What a row that is as it was written gives: contract columns, and the others."""
        values: dict[str, str | None] = {c.name: None for c in self.entity.accepted_columns}
        extra: dict[str, str | None] = {}
        for place, ((name, column), cell) in enumerate(zip(self.header, row.cells, strict=True)):
            if column is None:
                has_places = self.file_type.startswith((".csv", ".xlsx"))
                unnamed = f"column_{place + 1}" if has_places else ""
                extra[name or unnamed] = cell
            else:
                values[column.name] = cell
        return values, extra if any(cell is not None for cell in extra.values()) else None


def make(seed: int, number: int, entities: Mapping[str, Entity], file_types: Sequence[str]) -> File:
    """The file of a seed and a number: a good one, then what one to three mutations leave of it.

    One file in twenty stays good.
    """
    chance = random.Random(f"{seed}/{number}")
    file = _good_file(chance, number, entities, file_types)
    wanted = 0 if chance.random() < 0.05 else chance.randint(1, 3)
    stages: list[list[Callable[[random.Random, File], str | None]]] = [[] for _ in _STAGES]
    for _ in range(wanted):
        stage = chance.choices(range(len(_STAGES)), weights=(5, 4, 3, 5, 1))[0]
        stages[stage].append(chance.choice(_STAGES[stage]))

    def mutate(stage: int) -> None:
        for mutation in stages[stage]:
            if told := mutation(chance, file):
                file.mutations.append(told)

    mutate(0)
    file.must_refuse = _is_unreadable(file)
    if file.is_text:
        if number % 1000 == 299:
            file.mutations.append(_huge(chance, file))
        mutate(2)
        _write_text(chance, file)
        mutate(1)
        mutate(3)
        if file.file_type.endswith(".gz"):
            file.packed = gzip.compress(file.data, compresslevel=1, mtime=0)
    else:
        stages[4] += [_damage_packing for _ in stages[3]]
        if file.file_type == ".parquet":
            _write_parquet(file)
        else:
            _write_sheet(chance, file)
    mutate(4)
    return file


# A good file --------------------------------------------------------------------------------------


def _good_file(
    chance: random.Random, number: int, entities: Mapping[str, Entity], file_types: Sequence[str]
) -> File:
    entity = entities[chance.choice(ENTITIES)]
    file_type = chance.choices(file_types, [_SHARES[name] for name in file_types])[0]
    file = File(entity, file_type, f"t{number:x}q")
    wide = chance.random()
    columns = [
        c for c in entity.columns if c.required or c.name in entity.key or chance.random() < wide
    ]
    file.header = [(_spelling(chance, c.name), c) for c in columns]
    sizes = ((0, 0), (1, 3), (4, 25), (100, 400), (3000, 3000))
    low, high = chance.choices(sizes, (2, 20, 74, 3.7, 0.3))[0]
    file.rows = [_good_row(chance, file, n) for n in range(chance.randint(low, high))]
    file.delimiter = chance.choices(_DELIMITERS, (6, 2, 1, 1))[0]
    return file


def _spelling(chance: random.Random, name: str) -> str:
    """One of the spellings of a header that mean the same column."""
    if chance.random() < 0.9:
        return name
    camel = name.title().replace("_", "")
    return chance.choice((name.upper(), name.replace("_", " "), f"property_{name}", camel))


def _good_row(chance: random.Random, file: File, number: int) -> Row:
    token = f"{file.token}{number:04x}h"
    key = file.entity.key[0]
    cells = [
        token if c is not None and c.name == key else _good_value(chance, c) for _, c in file.header
    ]
    return Row(token, cells)


def _good_value(chance: random.Random, column: Column | None) -> str | None:
    if column is None:
        return None if chance.random() < 0.3 else chance.choice(_TEXTS)
    if not column.required and chance.random() < 0.3:
        return chance.choice((None, None, None, None, " ", "\t ", "\u00a0"))
    if column.accepted:
        value = chance.choice(column.accepted)
        return value.upper() if chance.random() < 0.1 else value
    day = f"{chance.randint(1990, 2030)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    time = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
    kind = column.data_type
    if kind == "date":
        return day
    if kind == "time":
        return time
    if kind == "timestamptz":
        return chance.choice((f"{day}T{time}Z", f"{day} {time}", f"{day}T{time}+03:30", day))
    if kind == "boolean":
        return chance.choice(("true", "false"))
    if kind == "char(3)":
        return chance.choice(("EUR", "IRR", "VND", "usd"))
    low, high = column.range or (0, 9000)
    if kind == "integer":
        return str(chance.randint(int(low), int(high)))
    if kind.startswith("decimal"):
        return f"{chance.uniform(low, high):.{chance.choice((1, 2, 2, 4))}f}"
    return chance.choice(_TEXTS)


# What happens to a table --------------------------------------------------------------------------


def _place(chance: random.Random, file: File) -> int:
    return chance.randrange(len(file.header))


def _is_unreadable(file: File) -> bool:
    """Whether a required column is missing, or one is there twice."""
    names = [column.name for _, column in file.header if column is not None]
    required = {column.name for column in file.entity.columns if column.required}
    return not required <= set(names) or len(set(names)) < len(names)


def _rename(chance: random.Random, file: File) -> str:
    place = _place(chance, file)
    name, _ = file.header[place]
    new = chance.choice(("old_{}", "{}x", "{:.4}", "ستون {}")).format(name)
    new += str(chance.randrange(100_000))
    file.header[place] = (new, None)
    _no_longer_typed(file, name)
    return f"column {name} renamed to {new}"


def _add(chance: random.Random, file: File) -> str:
    place = chance.randint(0, len(file.header))
    name = chance.choice(("Mood", "زمینه", 'quo"ted', "a, b", "", "~/x"))
    name += "!" * len(file.mutations)
    file.header.insert(place, (name, None))
    for row in file.rows:
        row.cells.insert(place, _good_value(chance, None))
    return f"column '{name}' added"


def _drop(chance: random.Random, file: File) -> str | None:
    if len(file.header) < 3:
        return None
    place = _place(chance, file)
    name, _ = file.header.pop(place)
    for row in file.rows:
        row.cells.pop(place)
    _no_longer_typed(file, name)
    return f"column {name} dropped"


def _reorder(chance: random.Random, file: File) -> str:
    order = list(range(len(file.header)))
    chance.shuffle(order)
    file.header = [file.header[place] for place in order]
    for row in file.rows:
        row.cells = [row.cells[place] for place in order]
    return "columns reordered"


def _duplicate_column(chance: random.Random, file: File) -> str | None:
    place = _place(chance, file)
    name, column = file.header[place]
    if column is None:
        return None
    file.header.append((name.upper() + "-", column))
    for row in file.rows:
        row.cells.append(row.cells[place])
    return f"column {name} twice"


def _retype(chance: random.Random, file: File) -> str | None:
    places = [
        place
        for place, (_, c) in enumerate(file.header)
        if c is not None and (c.accepted or not c.data_type.startswith("varchar"))
    ]
    if not places:
        return None
    place, share = chance.choice(places), chance.choice((0.1, 0.5, 1))
    for row in file.rows:
        if chance.random() < share:
            row.cells[place] = chance.choice(_BAD_TEXTS)
            row.spoil(file.header[place][0])
    return f"another type in {file.header[place][0]}"


def _no_longer_typed(file: File, name: str) -> None:
    """Any value is good in a column that is unknown, or gone."""
    for row in file.rows:
        if row.spoilt == {name}:
            row.fate = "good" if row.token else "any"
        row.spoilt.discard(name)


def _decimal_commas(_: random.Random, file: File) -> str:
    for place, (name, column) in enumerate(file.header):
        if column is not None and column.data_type.startswith("decimal"):
            for row in file.rows:
                cell = row.cells[place]
                if cell is not None and "." in cell:
                    row.cells[place] = cell.replace(".", ",")
                    row.spoil(name)
    return "decimal commas"


def _rows_twice(chance: random.Random, file: File) -> str:
    for row in list(file.rows):
        if chance.random() < 0.3:
            again = Row(row.token, list(row.cells), row.fate, set(row.spoilt))
            file.rows.insert(chance.randint(0, len(file.rows)), again)
    return "rows twice"


def _header_again(chance: random.Random, file: File) -> str:
    names = [name or None for name, _ in file.header]
    file.rows.insert(chance.randint(0, len(file.rows)), Row("", list(names), "any"))
    return "header in the middle"


def _huge(chance: random.Random, file: File) -> str:
    """A value that makes its line a little shorter or longer than a line may be."""
    size = chance.choice((15_900_000, 16_100_000))
    file.header.append(("Huge", None))
    at = chance.randrange(len(file.rows)) if file.rows else -1
    for number, row in enumerate(file.rows):
        row.cells.append("x" * size if number == at else None)
    file.must_refuse |= bool(file.rows) and size > 16_000_000
    return f"a value of {size} bytes"


def _header_only(_: random.Random, file: File) -> str:
    file.rows.clear()
    return "no rows"


# What happens to text -----------------------------------------------------------------------------


def _encoded(file: File, text: str) -> bytes:
    return text.encode(file.codec, "strict" if "16" in file.codec else "surrogateescape")


def _decoded(file: File, data: bytes) -> str:
    return data.decode(file.codec, "strict" if "16" in file.codec else "surrogateescape")


def _row_pieces(file: File) -> list[Piece]:
    return [piece for piece in file.pieces if piece.row is not None]


def _some(chance: random.Random, pieces: Sequence[Piece]) -> list[Piece]:
    return chance.sample(pieces, min(len(pieces), chance.choice((1, 1, 2, 5))))


def _damage_text(
    chance: random.Random, file: File, change: Callable[[str], str], fate: Fate = "any"
) -> bool:
    """Change the text of some rows, without their line ends."""
    pieces = [piece for piece in _row_pieces(file) if not piece.damaged]
    for piece in _some(chance, pieces):
        text = _decoded(file, piece.data)
        body = text.rstrip("\r\n")
        piece.data = _encoded(file, change(body) + text[len(body) :])
        piece.damaged = True
        assert piece.row is not None
        piece.row.fate = fate
        file.may_refuse |= file.file_type.startswith(".jsonl")  # names of columns are in every row
    return bool(pieces)


def _ragged_short(chance: random.Random, file: File) -> str | None:
    if file.file_type.startswith(".jsonl"):
        return "cut" if _damage_text(chance, file, lambda body: body[: len(body) // 2]) else None

    def cut(body: str) -> str:
        at = body.rfind(file.delimiter)
        return body[:at] if at > 0 else body

    return "rows too short" if _damage_text(chance, file, cut) else None


def _ragged_long(chance: random.Random, file: File) -> str | None:
    more = file.delimiter * chance.randint(1, 3) + chance.choice(("", "x", '""'))
    fate: Fate = "bad" if file.file_type.startswith(".csv") else "any"
    return "rows too long" if _damage_text(chance, file, lambda body: body + more, fate) else None


def _quote_somewhere(chance: random.Random, file: File) -> str | None:
    sign = chance.choice(('"', '"', '""', '"""', "'"))

    def insert(body: str) -> str:
        at = chance.randint(0, len(body))
        return body[:at] + sign + body[at:]

    return f"stray {sign}" if _damage_text(chance, file, insert) else None


def _unclosed_quote(chance: random.Random, file: File) -> str | None:
    def open_one(body: str) -> str:
        starts = [0, *(i + 1 for i, sign in enumerate(body) if sign == file.delimiter)]
        at = chance.choice(starts)
        return body[:at] + '"' + body[at:]

    return "unclosed quote" if _damage_text(chance, file, open_one) else None


def _text_after_quote(chance: random.Random, file: File) -> str | None:
    def add(body: str) -> str:
        if body.endswith('"'):
            return body + "x"
        at = body.rfind(file.delimiter) + 1
        return f'{body[:at]}"{body[at:]}"x'

    return "text after a closing quote" if _damage_text(chance, file, add) else None


def _quote_dropped(chance: random.Random, file: File) -> str | None:
    def drop(body: str) -> str:
        at = [i for i, sign in enumerate(body) if sign == '"']
        i = chance.choice(at) if at else len(body)
        return body[:i] + body[i + 1 :]

    return "quote dropped" if _damage_text(chance, file, drop) else None


def _line_break_inside(chance: random.Random, file: File) -> str | None:
    end = chance.choice(("\n", "\r\n", "\r"))

    def cut(body: str) -> str:
        at = chance.randint(0, len(body))
        return body[:at] + end + body[at:]

    return "line break inside of a row" if _damage_text(chance, file, cut) else None


def _other_delimiter(chance: random.Random, file: File) -> str | None:
    other = chance.choice([sign for sign in _DELIMITERS if sign != file.delimiter])
    old = file.delimiter
    told = _damage_text(chance, file, lambda body: body.replace(old, other))
    return f"rows with {other!r}" if told else None


def _blank_lines(chance: random.Random, file: File) -> str:
    for _ in range(chance.randint(1, 4)):
        text = chance.choice(("", "", " ", "   ")) + chance.choice(("\n", "\r\n"))
        file.pieces.insert(chance.randint(0, len(file.pieces)), Piece(_encoded(file, text)))
    return "blank lines"


def _mixed_line_ends(chance: random.Random, file: File) -> str:
    for piece in file.pieces:
        text = _decoded(file, piece.data)
        if text.endswith("\n") and not piece.damaged:
            piece.data = _encoded(file, text.rstrip("\r\n") + chance.choice(("\n", "\r\n", "\r")))
    return "mixed line ends"


def _no_last_line_end(_: random.Random, file: File) -> str | None:
    if not file.pieces:
        return None
    last = file.pieces[-1]
    last.data = _encoded(file, _decoded(file, last.data).rstrip("\r\n"))
    return "no last line end"


def _one_column(_: random.Random, file: File) -> str | None:
    if not file.file_type.startswith(".csv"):
        return None
    for piece in file.pieces:
        text = _decoded(file, piece.data)
        piece.data = _encoded(file, text.replace(file.delimiter, " "))
        piece.damaged = True
    file.must_refuse = True
    return "delimiters gone"


def _excel_sep(_: random.Random, file: File) -> str | None:
    if not file.file_type.startswith(".csv"):
        return None
    file.pieces.insert(0, Piece(_encoded(file, f"sep={file.delimiter}\r\n")))
    return "sep= line"


# Encodings ----------------------------------------------------------------------------------------


def _is_encoded(file: File) -> bool:
    return file.codec != "utf-8" or bool(file.bom)


def _bom8(_: random.Random, file: File) -> str | None:
    if _is_encoded(file):
        return None
    file.bom = b"\xef\xbb\xbf"
    return "BOM"


def _utf16(chance: random.Random, file: File) -> str | None:
    if _is_encoded(file):
        return None
    file.codec = chance.choice(("utf-16-le", "utf-16-be"))
    file.bom = "\ufeff".encode(file.codec)
    if chance.random() < 0.4:
        file.bom = b""
        file.must_refuse = True
    return f"{file.codec}{'' if file.bom else ' without BOM'}"


def _old_codec(chance: random.Random, file: File) -> str | None:
    """Text in a code page: what it cannot write is a question mark from the start."""
    if _is_encoded(file):
        return None
    codec = chance.choice(("cp1256", "cp1258", "latin-1"))

    def told(text: str) -> str:
        decoded = "".join(map(lambda c: in_code_page(c, codec), text)).encode(codec).decode(codec)
        return unicodedata.normalize("NFC", decoded)

    file.codec = codec
    file.header = [(told(name), column) for name, column in file.header]
    for row in file.rows:
        row.cells = [cell if cell is None else told(cell) for cell in row.cells]
    if chance.random() < 0.5:
        file.declared["encoding"] = {"latin-1": "latin-1"}.get(codec, f"windows-{codec[2:]}")
    return f"{codec}{' declared' if file.declared else ''}"


def in_code_page(character: str, codec: str) -> str:
    """A character as a code page writes it: windows-1258 puts Vietnamese tones after letters."""
    decomposed = unicodedata.normalize("NFD", character)
    forms = (
        character,
        unicodedata.normalize("NFC", decomposed[:2]) + decomposed[2:],
        unicodedata.normalize("NFC", decomposed[:1] + decomposed[2:]) + decomposed[1:2],
    )
    for form in forms:
        try:
            form.encode(codec)
        except UnicodeEncodeError:
            continue
        return form
    return "?"


# Writing ------------------------------------------------------------------------------------------


def _write_text(chance: random.Random, file: File) -> None:
    is_csv = file.file_type.startswith(".csv")
    end = chance.choice(("\n", "\n", "\r\n"))
    always = chance.random() < 0.2

    def encode(text: str) -> bytes:
        if file.codec.startswith("cp"):
            text = "".join(in_code_page(character, file.codec) for character in text)
        return text.encode(file.codec)

    if is_csv:
        names = [_csv_field(chance, file, name, always) for name, _ in file.header]
        file.pieces.append(Piece(encode(file.delimiter.join(names) + end), is_header=True))
    for row in file.rows:
        if is_csv:
            cells = [_csv_field(chance, file, cell, always) for cell in row.cells]
            text = file.delimiter.join(cells)
        else:
            text = _json_line(chance, file, row)
        file.pieces.append(Piece(encode(text + end), row))
    if not is_csv and not file.rows:
        file.must_refuse = True
    undeclared = file.codec in ("cp1256", "cp1258", "latin-1") and not file.declared
    if undeclared:
        for piece in file.pieces:
            if not piece.data.isascii():
                if piece.row is None:
                    file.may_refuse = True
                else:
                    piece.row.fate = "bad"
                    piece.damaged = True
        file.may_refuse |= not is_csv and all(piece.damaged for piece in file.pieces)
        file.codec = "utf-8"


def _csv_field(chance: random.Random, file: File, cell: str | None, always: bool) -> str:
    if cell is None:
        return '""' if chance.random() < 0.02 else ""
    needed = any(sign in cell for sign in (file.delimiter, '"', "\n", "\r")) or cell[:1] == " "
    if needed or always or chance.random() < 0.05:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _json_line(chance: random.Random, file: File, row: Row) -> str:
    parts = []
    ascii_only = chance.random() < 0.5
    for (name, column), cell in zip(file.header, row.cells, strict=True):
        if cell is None and chance.random() < 0.5 and not (column and column.required):
            continue
        kind = "varchar" if column is None else column.data_type
        if cell is None:
            value = "null"
        elif kind in ("integer", "boolean") and cell.isalnum() and cell.isascii() and row.token:
            value = cell if cell not in _BAD_TEXTS else json.dumps(cell)
        else:
            value = json.dumps(cell, ensure_ascii=ascii_only)
        parts.append(f"{json.dumps(name, ensure_ascii=ascii_only)}: {value}")
    return "{" + ", ".join(parts) + "}"


def _write_parquet(file: File) -> None:
    names = [name or "column_x" for name, _ in file.header]
    if len({name.lower() for name in names}) < len(names):
        file.must_refuse = True
        file.packed = b"PAR1"
        return
    file.header = [(name, column) for name, (_, column) in zip(names, file.header, strict=True)]
    listed = ", ".join(
        f'unnest(?::varchar[]) as "{name.replace(chr(34), chr(34) * 2)}"' for name in names
    )
    cells = [[row.cells[place] for row in file.rows] for place in range(len(names))]
    with duckdb.connect(config={"threads": 1}) as con, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "content"
        con.execute(f"create table content as select {listed}", cells)
        con.execute(f"copy content to '{target}' (format parquet)")
        file.packed = target.read_bytes()


def _write_sheet(chance: random.Random, file: File) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    merged = chance.random() < 0.2
    for row in file.rows:
        row.cells = [c if c is None else ILLEGAL_CHARACTERS_RE.sub("?", c) for c in row.cells]
    lines = [[name or None for name, _ in file.header], *(row.cells for row in file.rows)]
    for number, cells in enumerate(lines, start=1):
        for place, cell in enumerate(cells, start=1):
            if cell is not None:
                sheet.cell(number, place, cell).data_type = "s"
    if merged and len(file.header) > 1:
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=2)
        file.mutations.append("merged header")
        file.must_refuse = True
    target = io.BytesIO()
    book.save(target)
    file.packed = target.getvalue()


# What happens to bytes ----------------------------------------------------------------------------


def _spoil(
    chance: random.Random, file: File, change: Callable[[bytearray, int], None], places: int
) -> bool:
    """Change bytes of some pieces; every row that follows in UTF-16 may be out of step."""
    pieces = [piece for piece in file.pieces if piece.data]
    if not pieces:
        return False
    for _ in range(places):
        index = 0 if chance.random() < 0.1 else chance.randrange(len(pieces))
        piece = pieces[index]
        data = bytearray(piece.data)
        if not data:
            continue
        change(data, chance.randrange(len(data)))
        piece.data = bytes(data)
        spoilt = pieces[index:] if file.codec.startswith("utf-16") else [piece]
        for other in spoilt:
            other.damaged = True
            if other.row is not None:
                other.row.fate = "any"
            file.may_refuse |= other.row is None
        if piece.row is None:  # a line before the header may have become part of it
            for header in pieces:
                header.damaged |= header.is_header
    # A name of a JSON object is changed as its value is; UTF-16 is all or nothing.
    if file.file_type.startswith(".jsonl") or file.codec.startswith("utf-16"):
        file.may_refuse = True
    if file.must_refuse:
        file.must_refuse, file.may_refuse = False, True  # what was missing may be there by chance
    return True


def _flip(chance: random.Random, file: File) -> str | None:
    def flip(data: bytearray, at: int) -> None:
        data[at] ^= 1 << chance.randrange(8)

    return "bits flipped" if _spoil(chance, file, flip, chance.choice((1, 3, 20))) else None


def _insert(chance: random.Random, file: File) -> str | None:
    def insert(data: bytearray, at: int) -> None:
        data[at:at] = chance.randbytes(chance.choice((1, 2, 9)))

    return "bytes inserted" if _spoil(chance, file, insert, chance.choice((1, 3))) else None


def _delete(chance: random.Random, file: File) -> str | None:
    def delete(data: bytearray, at: int) -> None:
        del data[at : at + chance.choice((1, 2, 30))]

    return "bytes deleted" if _spoil(chance, file, delete, chance.choice((1, 3))) else None


def _nul(chance: random.Random, file: File) -> str | None:
    def insert(data: bytearray, at: int) -> None:
        data[at:at] = b"\0" * chance.choice((1, 1, 4))

    return "NUL bytes" if _spoil(chance, file, insert, chance.choice((1, 3))) else None


def _truncate(chance: random.Random, file: File) -> str | None:
    if not file.pieces:
        return None
    at = chance.randrange(len(file.pieces))
    last = file.pieces[at]
    del file.pieces[at + 1 :]
    last.data = last.data[: chance.randint(0, len(last.data))]
    last.damaged = True
    if last.row is not None:
        last.row.fate = "any"
    file.may_refuse |= (
        at == 0 or last.is_header or file.file_type.startswith(".jsonl") or "16" in file.codec
    )
    if not any(piece.is_header for piece in file.pieces):
        file.may_refuse = True
    if file.must_refuse:
        file.must_refuse, file.may_refuse = False, True
    return "truncated"


def _empty(_: random.Random, file: File) -> str:
    file.pieces.clear()
    file.bom = b"" if file.codec.startswith("utf-16") else file.bom
    file.must_refuse = True
    return "empty"


def _damage_packing(chance: random.Random, file: File) -> str | None:
    """Damage what holds the rows: gzip and zip notice by their checksums, Parquet need not."""
    if not file.packed:
        return None
    data = bytearray(file.packed)
    file.packing_damaged = True
    file.may_refuse = True
    if chance.random() < 0.4:
        del data[chance.randrange(len(data)) :]
        file.must_refuse = True
        told = "archive truncated"
    else:
        for _ in range(chance.choice((1, 1, 10))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        told = "archive with bits flipped"
    file.packed = bytes(data)
    return told


_ENCODINGS = (_bom8, _utf16, _old_codec, _old_codec)
_STAGES: tuple[Sequence[Callable[[random.Random, File], str | None]], ...] = (
    (
        _rename, _add, _drop, _reorder, _duplicate_column, _retype, _decimal_commas, _rows_twice,
        _header_again, _header_only,
    ),
    (
        _ragged_short, _ragged_long, _quote_somewhere, _text_after_quote, _unclosed_quote,
        _unclosed_quote, _quote_dropped, _line_break_inside, _other_delimiter, _blank_lines,
        _mixed_line_ends,
        _no_last_line_end, _one_column, _excel_sep,
    ),
    _ENCODINGS,
    (_flip, _insert, _delete, _nul, _truncate, _empty),
    (_damage_packing,),
)  # fmt: skip
