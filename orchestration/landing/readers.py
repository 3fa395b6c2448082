"""Readers: one file into temporary tables, by DuckDB's own set-based readers.

A reader leaves behind
    _landing_stage    the readable rows as text, with `_bad`: fails at least one check
    _landing_unread   the rows that cannot be read: row_number, reason, row_text
and says how to select the rows with their numbers.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.faults import is_disk_full
from orchestration.landing import checks, excel, formats, quotes
from orchestration.landing.contract import RETURN_COLUMNS, Column, Entity
from orchestration.landing.files import (
    DELIMITERS,
    MAX_FILE_BYTES,
    Content,
    Refusal,
    check_size,
    not_in_encoding,
    write_regular_lines,
)
from orchestration.landing.formats import Format, Reading
from orchestration.landing.names import closest, literal, pointer, quoted, resolved

TEMPORARY_TABLES = (
    "_landing_stage",
    "_landing_unread",
    "_landing_text",
    "_landing_lines",
    "_landing_spans",
    "_landing_rows",
    "_landing_entries",
    "_landing_back",
    "_landing_again",
)

MAX_LINE_BYTES = 16_000_000
MAX_COLUMNS = 1000

_KEPT = "kept_lines"  # the copy of what is sound in a CSV

# Parquet can say in a few bytes that a value stands there a billion times. Up to so many values
# are read whatever the file's size, and beyond it so many for each of its bytes.
_SURE_VALUES, _MAX_VALUES_OF_A_BYTE = 50_000_000, 500

# One text column for each line, whatever is in it.
_READ_LINES = (
    "read_csv({path}, columns = {{'t': 'VARCHAR'}}, delim = '', quote = '', escape = '',"
    " header = false, auto_detect = false, nullstr = '',"
    f" max_line_size = {MAX_LINE_BYTES}, buffer_size = {2 * MAX_LINE_BYTES})"
)


@dataclass
class Header:
    """What the columns of a file mean: their names, and the place of each contract column."""

    names: list[str]
    places: dict[str, int] = field(default_factory=dict)  # contract column -> index in names
    unknown: list[int] = field(default_factory=list)
    from_export: bool = False  # the file holds rows that waited in quarantine

    def unknown_names(self) -> dict[str, int]:
        """Unknown columns by a name that is unique and not empty."""
        found: dict[str, int] = {}
        for index in self.unknown:
            name = self.names[index].strip() or f"column_{index + 1}"
            while name in found:
                name += "_"
            found[name] = index
        return found


@dataclass
class Staged:
    """The result of a reader. `relation` selects `_row_number`, `_bad` and the columns.

    `comes_back`: rows of it have waited in quarantine before; see returns.py. `readings` are the
    columns read otherwise than they stood, `notes` what a person should know.
    """

    relation: str
    present: set[str]
    unknown_columns: list[str]
    absent_columns: list[str]
    comes_back: bool = False
    readings: Sequence[Reading] = ()
    notes: list[str] = field(default_factory=list)


def read(
    con: duckdb.DuckDBPyConnection,
    content: Content,
    entity: Entity,
    file_type: str,
    scratch: Path,
    form: Format | None = None,
    max_bytes: int = MAX_FILE_BYTES,
) -> Staged:
    """Read one file into the temporary tables. Raises Refusal if the whole file is to stay out.

    `form` is how the file writes values: as its entity's files do, if it is not given.
    """
    form = form or entity.form
    empty_unread(con)
    try:
        if file_type == ".parquet":
            staged = _read_parquet(con, content, entity, form, max_bytes)
        elif file_type == ".xlsx":
            rows = excel.to_json_lines(content.path, form, scratch, max_bytes)
            staged = _read_jsonl(con, rows, entity, scratch, form)
        elif file_type.startswith(".jsonl"):
            staged = _read_jsonl(con, content, entity, scratch, form)
        else:
            staged = _read_csv(con, content, entity, scratch, form)
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        if is_disk_full(str(error)):
            raise
        if "Maximum line size" in str(error):
            # Of a row of several lines, the reader tells the line in the copy of what is sound.
            line = re.search(r"on Line: (\d+)", str(error))
            place = f"line {line[1]}" if line and _KEPT not in str(error) else "a row"
            raise Refusal(
                f"{place} has more than {MAX_LINE_BYTES:,} bytes, which is more than can be read;"
                " shorten it, or correct it if a line end or a quote is missing"
            ) from error
        # The reader's words, without the name of a copy that is gone by now and without values.
        words = str(error).splitlines()[0].replace(str(content.path), "content")
        words = re.sub(r"(['\"]).*?(\1|$)", "…", words)
        raise Refusal(
            f"cannot be read as {file_type[1:]}: {words}; write the file anew and send it again"
        ) from error
    staged.notes += _notes_of_readings(con, staged.readings)
    return staged


def notes_of_columns(staged: Staged) -> list[str]:
    """What a file has of the contract's columns less and more, and perhaps under another name."""
    notes = []
    if staged.unknown_columns:
        notes.append(f"unknown columns, kept in _extra: {_told(staged.unknown_columns)}")
    if staged.absent_columns:
        notes.append(f"optional columns absent: {', '.join(staged.absent_columns)}")
    for name in staged.unknown_columns:
        if meant := closest(name, staged.absent_columns):
            notes.append(
                f"{name} looks like {meant}: rename it, or add it to the aliases of {meant}"
            )
    return notes


def _notes_of_readings(con: duckdb.DuckDBPyConnection, readings: Sequence[Reading]) -> list[str]:
    """How many values of each column were read otherwise than they stood, and why."""
    if not readings:
        return []
    counts = ", ".join(
        f"count(*) filter (where {r.was} is not null and {formats.other_digits(r.was)}),"
        f" count(*) filter (where {r.was} is not null and not {formats.other_digits(r.was)})"
        for r in readings
    )
    row = con.execute(f"select {counts} from temp._landing_stage where not _bad").fetchone() or ()
    other, declared = [], []
    for place, reading in enumerate(readings):
        if row[2 * place]:
            other.append(f"{reading.column}: {_values(row[2 * place])}")
        if row[2 * place + 1]:
            words = f"{reading.column}: {_values(row[2 * place + 1])} ({reading.declared})"
            declared.append(words)
    notes = []
    if other:
        notes.append(f"digits of another script read in {', '.join(other)}")
    if declared:
        notes.append(f"read as declared in {', '.join(declared)}")
    return notes


def _values(count: int) -> str:
    return f"{count:,} value{'s' if count != 1 else ''}"


def empty_unread(con: duckdb.DuckDBPyConnection) -> None:
    """Make `_landing_unread` anew, for a file or for rows that all can be read."""
    con.execute(
        "create or replace temp table _landing_unread"
        " (row_number bigint, reason varchar, row_text varchar)"
    )


def drop_temporary_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Free the memory of the last file."""
    for table in TEMPORARY_TABLES:
        con.execute(f"drop table if exists temp.{table}")


# Headers ------------------------------------------------------------------------------------------


def columns_by_name(entity: Entity) -> dict[str, Column]:
    """Contract columns by each resolved name that a header may give them."""
    found: dict[str, Column] = {}
    for column in entity.accepted_columns:
        for name in (column.name, *column.aliases):
            found.setdefault(resolved(name), column)
    return found


def match_header(names: Sequence[str], entity: Entity) -> Header:
    """Find the contract column of each name.

    Raises Refusal if two names mean the same column, or if a required column is missing. A file
    that can mark deletions needs its key columns only, since a deletion does.
    """
    known = columns_by_name(entity)
    from_export = any(resolved(name) == "quarantineid" for name in names)
    header = Header(list(names), from_export=from_export)
    for index, name in enumerate(names):
        column = known.get(resolved(name))
        if column is None or (from_export and name.strip().lower() in RETURN_COLUMNS):
            header.unknown.append(index)
        elif column.name in header.places:
            first = names[header.places[column.name]]
            raise Refusal(
                f"columns '{first}' and '{name}' both mean {column.name}; leave one of them out"
            )
        else:
            header.places[column.name] = index
    missing = [
        column.name
        for column in entity.columns
        if column.required
        and column.name not in header.places
        and (column.name in entity.key or "_deleted" not in header.places)
    ]
    if len(names) > MAX_COLUMNS:
        raise Refusal(
            f"has {len(names)} columns; at most {MAX_COLUMNS} can be read; leave some out"
        )
    if missing:
        raise Refusal(_missing_columns(missing, header))
    if not header.places:
        raise Refusal(
            "no column of the contract is in it; write a first line that names the columns as the"
            " contract does"
        )
    return header


def _missing_columns(missing: list[str], header: Header) -> str:
    unknown = [header.names[index] for index in header.unknown]
    hints = []
    for name in missing:
        near = closest(name, unknown)
        hints.append(f"{name} (is it '{near}'? rename it)" if near else name)
    is_header = bool(header.places) or any(closest(name, unknown) for name in missing)
    found = _told(header.names) if is_header else "none that the contract knows"
    plural, what = ("s", "them") if len(missing) > 1 else ("", "it")
    listed = ", ".join(hints)
    return f"required column{plural} missing: {listed}; columns found: {found}; add {what}"


def _told(names: Sequence[str]) -> str:
    """Names for a message that goes into logs; what looks like a value of a person is left out."""
    told = [name for name in names if "@" not in name and sum(map(str.isdigit, name)) < 6]
    left = len(names) - len(told)
    return ", ".join([*told, f"{left} that look like values"] if left else told)


def _absent(entity: Entity, present: set[str]) -> list[str]:
    return [column.name for column in entity.columns if column.name not in present]


def stage(
    con: duckdb.DuckDBPyConnection,
    entity: Entity,
    values: dict[str, str],
    extra: str | None,
    source: str,
    row_number: str | None = None,
    readings: Sequence[Reading] = (),
) -> None:
    """Create `_landing_stage` from SQL expressions of the source, checked while it is read."""
    columns = [f"{checks.blank_as_null(sql)} as {quoted(name)}" for name, sql in values.items()]
    columns.append(f"{extra or 'null::varchar'} as _extra")
    if row_number:
        columns.append(f"{row_number} as _row_number")
    relation = formats.apply(f"select {', '.join(columns)} from {source}", readings)
    con.execute(
        f"create or replace temp table _landing_stage as"
        f" select *, {checks.bad_row(entity, set(values), readings)} as _bad from ({relation})"
    )


def readings(entity: Entity, header: Header, form: Format, other_script: bool) -> list[Reading]:
    """The columns of a file whose values cannot be taken as they stand.

    What comes back from quarantine was exported in the form that needs no declaration.
    """
    types = {c.name: c.data_type for c in entity.accepted_columns if c.name in header.places}
    form = form.without_values() if header.from_export else form
    return formats.readings(form, types, other_script)


def json_object(values: dict[str, str]) -> str | None:
    """SQL of a JSON object of named values; null where all of them are."""
    if not values:
        return None
    pairs = ", ".join(f"{literal(name)}, {sql}" for name, sql in values.items())
    any_value = " or ".join(f"{sql} is not null" for sql in values.values())
    return f"case when {any_value} then json_object({pairs})::varchar end"


# CSV ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Shape:
    delimiter: str
    header: Header
    header_line: int  # physical line, from 1


def _read_csv(
    con: duckdb.DuckDBPyConnection, content: Content, entity: Entity, scratch: Path, form: Format
) -> Staged:
    """Read the file as it is; where anything in it is irregular, read it again line by line.

    DuckDB drops an empty last field too many, skips blank lines and numbers no rows. So its result
    counts only if it adds up with what the bytes say: each line is one row, and each delimiter
    separates two of the columns or is part of a value.
    """
    shape = _shape(content, entity, form)
    columns = {f"c{index}": name for index, name in enumerate(shape.header.names)}
    values = {name: f"c{index}" for name, index in shape.header.places.items()}
    extra = json_object({n: f"c{i}" for n, i in shape.header.unknown_names().items()})
    read_as = readings(entity, shape.header, form, content.other_script)
    staged = Staged(
        relation=f"select rowid + {shape.header_line + 1} as _row_number, *"
        " from temp._landing_stage",
        present=set(values),
        unknown_columns=list(shape.header.unknown_names()),
        absent_columns=_absent(entity, set(values)),
        readings=read_as,
    )
    regular = content.is_regular and shape.header_line == 1 and len(columns) > 1
    if regular:
        try:
            source = _csv_source(content.path, shape, len(columns), skip=1)
            stage(con, entity, values, extra, source, readings=read_as)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            regular = False  # The line by line reader finds out which lines are at fault.
    if regular and _adds_up(con, content, shape, read_as, values, extra is not None):
        return staged
    lines = scratch / "lines"
    count, damaged = write_regular_lines(content, lines)
    kept = scratch / _KEPT
    records = quotes.sift(
        con,
        _READ_LINES.format(path=literal(str(lines))),
        count,
        shape.header_line,
        damaged,
        shape.delimiter,
        len(columns),
        kept,
    )
    source = _csv_source(kept, shape, len(columns), skip=0, first="line")
    stage(con, entity, values, extra, source, row_number="line::bigint", readings=read_as)
    found = con.execute("select count(*) from temp._landing_stage").fetchone()
    if found != (records,):  # Both follow the same grammar, so this is a defect, not bad data.
        raise Refusal(f"{records} rows were found but {found} were read; report this file")
    staged.relation = "select * from temp._landing_stage"
    return staged


def _csv_source(path: Path, shape: _Shape, columns: int, skip: int, first: str = "") -> str:
    """The table function of a file with columns c0, c1 …, after the column `first` if given."""
    names = ([first] if first else []) + [f"c{index}" for index in range(columns)]
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({literal(str(path))}, columns = {{{types}}},"
        f" delim = {literal(shape.delimiter)}, quote = '\"', escape = '\"', nullstr = '',"
        f" header = false, skip = {skip}, auto_detect = false, strict_mode = true,"
        f" max_line_size = {MAX_LINE_BYTES}, buffer_size = {2 * MAX_LINE_BYTES})"
    )


def _shape(content: Content, entity: Entity, form: Format) -> _Shape:
    """Delimiter and header, as declared; else the first line with text in it is the header, and the
    delimiter is the one that gives the most known columns.
    """
    line, number = "", 0
    sep: str | None = None
    with content.path.open("rb") as stream:
        # A file of old Mac line ends is one line for readline(); the first 16 MB will do.
        for raw in iter(lambda: stream.readline(MAX_LINE_BYTES), b""):
            pieces = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\r")
            for piece in pieces if pieces[-1] else pieces[:-1]:
                number += 1
                try:
                    line = piece.rstrip(b"\n").decode("utf-8")
                except UnicodeDecodeError:
                    if form.header_row not in (None, number):
                        continue
                    problem = not_in_encoding(content).removesuffix(",")
                    raise Refusal(f"the header is {problem}") from None
                if form.header_row:
                    if number == form.header_row:
                        break
                    line = ""
                    continue
                if line.lower().startswith("sep=") and len(line.strip()) <= 5:
                    sep = line[4:5] or None  # How Excel declares its delimiter.
                    line = ""
                if line.strip():
                    break
            if line.strip() or number == form.header_row:
                break
    if "\0" in line:
        raise Refusal("the header holds NUL bytes; save the file as CSV in UTF-8 and send it again")
    known = columns_by_name(entity)
    best: tuple[int, int, str, list[str]] | None = None
    unclosed = False
    chosen = form.delimiter or (sep if sep in DELIMITERS else None)
    for delimiter in (chosen,) if chosen else DELIMITERS:
        try:
            names = next(csv.reader([line], delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration):
            unclosed = True
            continue
        names = [name.strip() for name in names]
        score = sum(resolved(name) in known for name in names)
        if best is None or (score, len(names)) > best[:2]:
            best = (score, len(names), delimiter, names)
    if best is None or (unclosed and best[0] == 0):
        raise Refusal("the header has a quote that is opened and not closed; correct the header")
    _, _, delimiter, names = best
    return _Shape(delimiter, match_header(names, entity), number)


def _adds_up(
    con: duckdb.DuckDBPyConnection,
    content: Content,
    shape: _Shape,
    readings: Sequence[Reading],
    values: dict[str, str],
    has_unknown: bool,
) -> bool:
    """Whether each line became one row and no field was lost; see _read_csv."""
    row = con.execute("select count(*) from temp._landing_stage").fetchone()
    rows = row[0] if row else 0
    width = len(shape.header.names)
    if rows != content.lines - 1:
        return False
    lost_or_inside = content.delimiters[shape.delimiter] - (rows + 1) * (width - 1)
    if lost_or_inside == 0:
        return True
    if not content.quotes or has_unknown:
        return False
    arrived = {name: quoted(name) for name in values}
    for reading in readings:
        arrived[reading.column] = f"coalesce({reading.was}, {arrived[reading.column]})"
    return lost_or_inside == _with_delimiter(con, shape, arrived.values())


def _with_delimiter(con: duckdb.DuckDBPyConnection, shape: _Shape, arrived: Iterable[str]) -> int:
    """How many delimiters are part of values, which are SQL of the text as it arrived."""
    sign = literal(shape.delimiter)
    counts = [
        f"case when contains({text}, {sign})"
        f" then length({text}) - length(replace({text}, {sign}, '')) else 0 end"
        for text in arrived
    ]
    row = con.execute(
        f"select coalesce(sum({' + '.join(counts) or '0'}), 0) from temp._landing_stage"
    ).fetchone()
    return int(row[0]) if row else 0


# JSON lines ---------------------------------------------------------------------------------------


def _read_jsonl(
    con: duckdb.DuckDBPyConnection, content: Content, entity: Entity, scratch: Path, form: Format
) -> Staged:
    """Read lines as text and take them apart with JSON functions: numbers and lines stay exact."""
    path = content.path
    damaged: dict[int, str] = {}
    if not content.is_regular:
        path = scratch / "lines"
        _, damaged = write_regular_lines(content, path)
    con.execute(
        "create or replace temp table _landing_text as select t from "
        + _READ_LINES.format(path=literal(str(path)))
    )
    con.execute(
        "create or replace temp table _landing_lines as select rowid + 1 as n, t,"
        f" case when {checks.blank_as_null('t')} is null then 'blank'"
        " when not json_valid(t) then 'broken' when json_type(t) <> 'OBJECT' then 'other'"
        " else 'ok' end as kind from temp._landing_text"
    )
    con.execute("drop table temp._landing_text")
    if damaged:
        spans = ((n, n, reason) for n, reason in damaged.items())
        quotes.mark(con, spans, scratch / "spans")
        con.execute(
            "insert into temp._landing_unread select n, reason, t from temp._landing_lines"
            " join temp._landing_spans using (n)"
        )
        con.execute(
            "delete from temp._landing_lines where n in (select n from temp._landing_spans)"
        )
    con.execute(
        "insert into temp._landing_unread select n, case kind when 'broken'"
        " then 'the line is not valid JSON; write one JSON object on each line and send the row"
        " again' else 'the line is JSON but not an object; write one JSON object on each line'"
        " end, t from temp._landing_lines where kind in ('broken', 'other')"
    )
    names = content.names or [
        str(row[0])
        for row in con.execute(
            "select distinct unnest(keys) as name from (select distinct json_keys(t) as keys"
            " from temp._landing_lines where kind = 'ok') order by name"
        ).fetchall()
    ]
    if not names:
        raise Refusal("no line is a JSON object with values; write one object on each line")
    header = match_header(names, entity)
    shape = json.dumps({names[index]: "VARCHAR" for index in header.places.values()})
    values = {c: f"j.{quoted(names[index])}" for c, index in header.places.items()}
    unknown = {
        name: f"json_extract(t, {literal(pointer(name))})"
        for name in (names[index] for index in header.unknown)
    }
    source = (
        f"(select n, t, json_transform({_EXACT_NUMBERS}, {literal(shape)}) as j"
        " from temp._landing_lines where kind = 'ok')"
    )
    read_as = readings(entity, header, form, content.other_script)
    stage(con, entity, values, json_object(unknown), source, row_number="n", readings=read_as)
    return Staged(
        relation="select * from temp._landing_stage",
        present=set(values),
        unknown_columns=list(unknown),
        absent_columns=_absent(entity, set(values)),
        readings=read_as,
        notes=list(content.notes),
    )


# JSON functions hold a number with a fraction as a double, which has 15 sure digits. A longer one
# is put in quotes before they see it. The same pattern inside a text would break the JSON; such a
# line is left as it is.
_LONG_NUMBER = r"(:\s*)(-?[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?)(\s*[,}])"
_QUOTED_NUMBERS = f"regexp_replace(t, '{_LONG_NUMBER}', '\\1\"\\2\"\\3', 'g')"
_EXACT_NUMBERS = (
    r"case when regexp_matches(t, ':\s*-?[0-9][0-9.]{15}')"
    f" and json_valid({_QUOTED_NUMBERS}) then {_QUOTED_NUMBERS} else t end"
)


# Parquet ------------------------------------------------------------------------------------------


def _read_parquet(
    con: duckdb.DuckDBPyConnection, content: Content, entity: Entity, form: Format, max_bytes: int
) -> Staged:
    source = f"read_parquet({literal(str(content.path))})"
    described = con.execute(f"describe select * from {source}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    names = list(types)
    header = match_header(names, entity)
    _check_parquet(con, content, source, types, max_bytes)

    def as_text(name: str) -> str:
        nested = "[" in types[name] or types[name].startswith(("STRUCT", "MAP", "UNION"))
        value = f"to_json({quoted(name)})" if nested else quoted(name)
        return f"{value}::varchar"

    values = {column: as_text(names[index]) for column, index in header.places.items()}
    unknown = header.unknown_names()
    extra = json_object({name: as_text(names[index]) for name, index in unknown.items()})
    # Values with a type of their own mean what they mean; text is read as the file declares it.
    read_as = [
        reading
        for reading in readings(entity, header, form, other_script=True)
        if types[names[header.places[reading.column]]] == "VARCHAR"
    ]
    stage(con, entity, values, extra, source, readings=read_as)
    return Staged(
        relation="select rowid + 1 as _row_number, * from temp._landing_stage",
        present=set(values),
        unknown_columns=list(unknown),
        absent_columns=_absent(entity, set(values)),
        readings=read_as,
    )


def _check_parquet(
    con: duckdb.DuckDBPyConnection,
    content: Content,
    source: str,
    types: dict[str, str],
    max_bytes: int,
) -> None:
    """Raise Refusal if a file says that it holds more than one of its size honestly can."""
    size = content.path.stat().st_size
    path = literal(str(content.path))
    found = con.execute(f"select num_rows from parquet_file_metadata({path})").fetchone()
    rows = int(found[0]) if found else 0
    if rows * len(types) > max(_SURE_VALUES, _MAX_VALUES_OF_A_BYTE * size):
        raise Refusal(
            f"says that it has {rows:,} rows of {len(types)} columns in {size:,} bytes; if that is"
            " meant, send it as CSV"
        )
    bytes_of = {"VARCHAR": "strlen", "BLOB": "octet_length"}
    texts = [f"{bytes_of[kind]}({quoted(n)})" for n, kind in types.items() if kind in bytes_of]
    if texts:
        sizes = " + ".join(f"coalesce(sum({size_of}), 0)" for size_of in texts)
        found = con.execute(f"select {sizes} from {source}").fetchone()
        check_size(int(found[0]) if found else 0, size, max_bytes)
