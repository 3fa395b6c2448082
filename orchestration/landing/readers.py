"""Readers: one file into temporary tables, by DuckDB's own set-based readers.

A reader leaves behind
    _landing_stage    the readable rows as text, with `_bad`: fails at least one check
    _landing_unread   the rows that cannot be read: row_number, reason, row_text
and says how to select the rows with their numbers.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.landing import checks, quotes
from orchestration.landing.contract import Column, Entity
from orchestration.landing.files import DELIMITERS, Content, Refusal, write_regular_lines
from orchestration.landing.names import closest, literal, quoted, resolved

TEMPORARY_TABLES = (
    "_landing_stage",
    "_landing_unread",
    "_landing_text",
    "_landing_lines",
    "_landing_spans",
)

MAX_LINE_BYTES = 16_000_000
MAX_COLUMNS = 1000

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
    """The result of a reader. `relation` selects `_row_number`, `_bad` and the columns."""

    relation: str
    present: set[str]
    unknown_columns: list[str]
    absent_columns: list[str]


def read(
    con: duckdb.DuckDBPyConnection,
    content: Content,
    entity: Entity,
    file_type: str,
    scratch: Path,
) -> Staged:
    """Read one file into the temporary tables. Raises Refusal if the whole file is to stay out."""
    con.execute(
        "create or replace temp table _landing_unread"
        " (row_number bigint, reason varchar, row_text varchar)"
    )
    try:
        if file_type == ".parquet":
            return _read_parquet(con, content, entity)
        if file_type.startswith(".jsonl"):
            return _read_jsonl(con, content, entity, scratch)
        return _read_csv(con, content, entity, scratch)
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        raise Refusal(f"cannot be read as {file_type[1:]}: {str(error).splitlines()[0]}") from error


def drop_temporary_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Free the memory of the last file."""
    for table in TEMPORARY_TABLES:
        con.execute(f"drop table if exists temp.{table}")


# Headers ------------------------------------------------------------------------------------------


def _columns_by_name(entity: Entity) -> dict[str, Column]:
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
    known = _columns_by_name(entity)
    header = Header(list(names))
    for index, name in enumerate(names):
        column = known.get(resolved(name))
        if column is None:
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
    if missing:
        raise Refusal(_missing_columns(missing, header))
    if not header.places:
        raise Refusal(f"no column of the contract is in it; columns found: {', '.join(names)}")
    return header


def _missing_columns(missing: list[str], header: Header) -> str:
    unknown = [header.names[index] for index in header.unknown]
    hints = []
    for name in missing:
        near = closest(name, unknown)
        hints.append(f"{name} (is it '{near}'? rename it)" if near else name)
    found = ", ".join(header.names) or "none"
    plural = "s" if len(missing) > 1 else ""
    return f"required column{plural} missing: {', '.join(hints)}; columns found: {found}"


def _absent(entity: Entity, present: set[str]) -> list[str]:
    return [column.name for column in entity.columns if column.name not in present]


def _stage(
    con: duckdb.DuckDBPyConnection,
    entity: Entity,
    values: dict[str, str],
    extra: str | None,
    source: str,
    row_number: str | None = None,
) -> None:
    """Create `_landing_stage` from SQL expressions of the source, checked while it is read."""
    columns = [f"{checks.blank_as_null(sql)} as {quoted(name)}" for name, sql in values.items()]
    columns.append(f"{extra or 'null::varchar'} as _extra")
    if row_number:
        columns.append(f"{row_number} as _row_number")
    con.execute(
        f"create or replace temp table _landing_stage as"
        f" select *, {checks.bad_row(entity, set(values))} as _bad"
        f" from (select {', '.join(columns)} from {source})"
    )


def _json_object(values: dict[str, str]) -> str | None:
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
    con: duckdb.DuckDBPyConnection, content: Content, entity: Entity, scratch: Path
) -> Staged:
    """Read the file as it is; where anything in it is irregular, read it again line by line.

    DuckDB drops an empty last field too many, skips blank lines and numbers no rows. So its result
    counts only if it adds up with what the bytes say: each line is one row, and each delimiter
    separates two of the columns or is part of a value.
    """
    shape = _shape(content, entity)
    columns = {f"c{index}": name for index, name in enumerate(shape.header.names)}
    values = {name: f"c{index}" for name, index in shape.header.places.items()}
    extra = _json_object({n: f"c{i}" for n, i in shape.header.unknown_names().items()})
    staged = Staged(
        relation=f"select rowid + {shape.header_line + 1} as _row_number, *"
        " from temp._landing_stage",
        present=set(values),
        unknown_columns=list(shape.header.unknown_names()),
        absent_columns=_absent(entity, set(values)),
    )
    regular = content.is_regular and shape.header_line == 1 and len(columns) > 1
    if regular:
        try:
            source = _csv_source(content.path, shape, len(columns), skip=1)
            _stage(con, entity, values, extra, source)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error:
            regular = False  # The line by line reader finds out which lines are at fault.
    if regular and _adds_up(con, content, shape, values, extra is not None):
        return staged
    lines = scratch / "lines"
    count, damaged = write_regular_lines(content, lines)
    kept = scratch / "kept"
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
    _stage(con, entity, values, extra, source, row_number="line::bigint")
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


def _shape(content: Content, entity: Entity) -> _Shape:
    """Delimiter and header: the delimiter is the one that gives the most known columns."""
    line, number = "", 0
    sep: str | None = None
    with content.path.open("rb") as stream:
        # A file of old Mac line ends is one line for readline(); the first 16 MB will do.
        for raw in iter(lambda: stream.readline(MAX_LINE_BYTES), b""):
            pieces = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\r")
            for piece in pieces if pieces[-1].strip() else pieces[:-1] or pieces:
                number += 1
                try:
                    line = piece.rstrip(b"\n").decode("utf-8")
                except UnicodeDecodeError:
                    raise Refusal("the header is not valid UTF-8; save the file as UTF-8") from None
                if line.lower().startswith("sep=") and len(line.strip()) <= 5:
                    sep = line[4:5] or None  # How Excel declares its delimiter.
                    line = ""
                if line.strip():
                    break
            if line.strip():
                break
    known = _columns_by_name(entity)
    best: tuple[int, int, str, list[str]] | None = None
    unclosed = False
    for delimiter in (sep,) if sep in DELIMITERS else DELIMITERS:
        assert delimiter is not None
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
    _, width, delimiter, names = best
    if width > MAX_COLUMNS:
        raise Refusal(f"has {width} columns; at most {MAX_COLUMNS} can be read")
    return _Shape(delimiter, match_header(names, entity), number)


def _adds_up(
    con: duckdb.DuckDBPyConnection,
    content: Content,
    shape: _Shape,
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
    return lost_or_inside == _with_delimiter(con, shape, values)


def _with_delimiter(con: duckdb.DuckDBPyConnection, shape: _Shape, values: dict[str, str]) -> int:
    """How many delimiters are part of values."""
    sign = literal(shape.delimiter)
    counts = [
        f"case when contains({quoted(name)}, {sign})"
        f" then length({quoted(name)}) - length(replace({quoted(name)}, {sign}, '')) else 0 end"
        for name in values
    ]
    row = con.execute(
        f"select coalesce(sum({' + '.join(counts) or '0'}), 0) from temp._landing_stage"
    ).fetchone()
    return int(row[0]) if row else 0


# JSON lines ---------------------------------------------------------------------------------------


def _read_jsonl(
    con: duckdb.DuckDBPyConnection, content: Content, entity: Entity, scratch: Path
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
        con.execute(
            "create or replace temp table _landing_spans as"
            " select unnest(?::bigint[]) as n, unnest(?::varchar[]) as reason",
            [list(damaged), list(damaged.values())],
        )
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
    names = [
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
        name: f"json_extract(t, {literal('/' + name.replace('~', '~0').replace('/', '~1'))})"
        for name in (names[index] for index in header.unknown)
    }
    source = (
        f"(select n, t, json_transform({_EXACT_NUMBERS}, {literal(shape)}) as j"
        " from temp._landing_lines where kind = 'ok')"
    )
    _stage(con, entity, values, _json_object(unknown), source, row_number="n")
    return Staged(
        relation="select * from temp._landing_stage",
        present=set(values),
        unknown_columns=list(unknown),
        absent_columns=_absent(entity, set(values)),
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


def _read_parquet(con: duckdb.DuckDBPyConnection, content: Content, entity: Entity) -> Staged:
    source = f"read_parquet({literal(str(content.path))})"
    described = con.execute(f"describe select * from {source}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    names = list(types)
    header = match_header(names, entity)

    def as_text(name: str) -> str:
        nested = "[" in types[name] or types[name].startswith(("STRUCT", "MAP", "UNION"))
        value = f"to_json({quoted(name)})" if nested else quoted(name)
        return f"{value}::varchar"

    values = {column: as_text(names[index]) for column, index in header.places.items()}
    unknown = header.unknown_names()
    extra = _json_object({name: as_text(names[index]) for name, index in unknown.items()})
    _stage(con, entity, values, extra, source)
    return Staged(
        relation="select rowid + 1 as _row_number, * from temp._landing_stage",
        present=set(values),
        unknown_columns=list(unknown),
        absent_columns=_absent(entity, set(values)),
    )
