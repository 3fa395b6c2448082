"""CSV that is not one row for each line: blank lines, line breaks in quotes, and damage.

A quote that is never closed makes a CSV reader take all that follows for one value. Here lines are
judged first, each by itself and in sets; only around an open quote are they looked at one by one.
What is sound goes to a clean file for DuckDB's reader, together with its line numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from orchestration.landing.names import literal

# A value in quotes may have at most so many lines; beyond it the quote counts as not closed.
MAX_LINES_IN_VALUE = 10_000

OPEN, CLOSED, BROKEN = "open", "closed", "broken"

# So many lines are looked at together: more than a value may have.
_PAGE = 2 * MAX_LINES_IN_VALUE

Span = tuple[int, int, str | None]  # first line, last line, and the reason if it is not sound

_UNCLOSED = "a quote is opened and not closed; close it and send the row again"
_BROKEN = (
    "text follows a closing quote; double the quotes inside of the value and send the row again"
)


def sift(
    con: duckdb.DuckDBPyConnection,
    read_lines: str,
    line_count: int,
    header_line: int,
    damaged: dict[int, str],
    delimiter: str,
    columns: int,
    kept: Path,
) -> int:
    """Write the sound records to the file `kept`, each after its line number; returns how many.

    `read_lines` is a table function of a file with LF line ends; `damaged` are lines with
    bytes that are no text, and why. Unsound rows go to `_landing_unread`, one for each row. All
    line numbers are from 1.
    """
    _classify(con, read_lines, header_line, delimiter, columns)
    found = con.execute("select count(*) from temp._landing_text").fetchone()
    if not found or found[0] != line_count:
        raise RuntimeError(f"{line_count} lines became {found}")

    def spans() -> Iterator[Span]:
        inside = set()
        for span in _spans(con, delimiter, columns, damaged):
            if span[2] and damaged:
                inside.update(damaged.keys() & range(span[0], span[1] + 1))
            yield span
        yield from ((n, n, damaged[n]) for n in damaged if n > header_line and n not in inside)

    mark(con, spans(), kept.with_suffix(".spans"))
    # The number goes before the first field, so that no join has to find it again.
    number = f"case when good is null or n = first then n || {literal(delimiter)} else '' end"
    con.execute(
        f"copy (select {number} || coalesce(t, '') from temp._landing_lines"
        " left join temp._landing_spans using (n)"
        " where case when good is null then kind = 'ok' else good end order by n)"
        f" to {literal(str(kept))}"
        " (format csv, header false, quote '', escape '', delimiter e'\\x1f', nullstr '')"
    )
    con.execute(
        "insert into temp._landing_unread select n, case kind"
        f" when 'open' then {literal(_UNCLOSED)} when 'broken' then {literal(_BROKEN)}"
        f" else {_ragged('fields', columns)} end, t"
        " from temp._landing_lines left join temp._landing_spans using (n)"
        " where good is null and kind not in ('ok', 'blank')"
    )
    con.execute(
        "insert into temp._landing_unread select first, any_value(reason),"
        " string_agg(coalesce(t, ''), chr(10) order by n)"
        " from temp._landing_spans join temp._landing_lines using (n)"
        " where not good group by first"
    )
    found = con.execute(
        "select count(*) from temp._landing_lines left join temp._landing_spans using (n)"
        " where case when good is null then kind = 'ok' else good and n = first end"
    ).fetchone()
    return int(found[0]) if found else 0


def mark(con: duckdb.DuckDBPyConnection, spans: Iterable[Span], scratch: Path) -> None:
    """Create `_landing_spans`, one row for each line of the spans: n, first, good, reason.

    They go through the file `scratch`: there can be as many as rows, and DuckDB takes 100 times as
    long for a list of Python values.
    """
    with scratch.open("w", encoding="utf-8") as file:
        file.writelines(f"{first}\t{last}\t{reason or ''}\n" for first, last, reason in spans)
    con.execute(
        "create or replace temp table _landing_spans as"
        " select unnest(generate_series(first, last)) as n, first, reason is null as good, reason"
        f" from read_csv({literal(str(scratch))}, delim = '\t', quote = '', escape = '',"
        " header = false, auto_detect = false, nullstr = '',"
        " columns = {'first': 'BIGINT', 'last': 'BIGINT', 'reason': 'VARCHAR'})"
    )


def _ragged(fields: str, columns: int) -> str:
    return (
        f"'expected {columns} columns, found ' || {fields} ||"
        " '; correct the line (a value with the delimiter in it goes in quotes) and send it again'"
    )


def _classify(
    con: duckdb.DuckDBPyConnection, read_lines: str, header_line: int, delimiter: str, columns: int
) -> None:
    """Judge each line as if it stood alone: blank, ok, count (of fields), open or broken.

    The patterns follow DuckDB's reader: spaces around quotes do not count, and a quote inside of a
    value without quotes is a character like any other. `stray` marks a line that cannot lie
    wholly inside of a quoted value.
    """
    sign = f"\\x{ord(delimiter):02x}"
    one = f'(?: *"(?:[^"]|"")*" *| *(?:[^{sign}" ][^{sign}]*)?)'
    any_count = f"{one}(?:{sign}{one})*"
    exact = f"{one}(?:{sign}{one}){{{columns - 1}}}"
    left_open = f'(?:{one}{sign})* *"(?:[^"]|"")*'
    char = literal(delimiter)
    con.execute(f"create or replace temp table _landing_text as select t from {read_lines}")
    con.execute(
        f"""
        create or replace temp table _landing_lines as
        select
            n, t, has_quote and not regexp_full_match(t, '(?:[^"]|"")*') as stray,
            case
                when t is null or trim(t, ' ' || chr(9)) = '' then 'blank'
                when not has_quote
                    then case when fields = {columns} then 'ok' else 'count' end
                when regexp_full_match(t, '{exact}') then 'ok'
                when regexp_full_match(t, '{left_open}') then 'open'
                when regexp_full_match(t, '{any_count}') then 'count'
                else 'broken'
            end as kind,
            case
                when not has_quote then fields
                else 1 + length(regexp_replace(t, '"(?:[^"]|"")*"', '', 'g'))
                    - length(replace(regexp_replace(t, '"(?:[^"]|"")*"', '', 'g'), {char}, ''))
            end as fields
        from (
            select
                rowid + 1 as n, t, contains(t, '"') as has_quote,
                1 + length(t) - length(replace(t, {char}, '')) as fields
            from temp._landing_text
        )
        where n > {header_line}
        """
    )


def _spans(
    con: duckdb.DuckDBPyConnection, delimiter: str, columns: int, damaged: dict[int, str]
) -> Iterator[Span]:
    """Records of several lines. Only lines where an open quote can begin, go on or end are seen."""
    con.execute(
        "create or replace temp table _landing_text as"
        " select n, t, kind from (select n, t, kind, coalesce(lag(kind) over (order by n), '') as"
        " before from temp._landing_lines where stray)"
        " where kind in ('open', 'broken') or before in ('open', 'broken')"
    )
    lines: list[tuple[int, str, str]] = []
    index, is_all = 0, False
    while True:
        if len(lines) - index <= MAX_LINES_IN_VALUE and not is_all:
            page: list[tuple[int, str, str]] = con.execute(
                "select n, t, kind from temp._landing_text where n > ? order by n limit ?",
                [lines[-1][0] if lines else 0, _PAGE],
            ).fetchall()
            lines, index, is_all = lines[index:] + page, 0, len(page) < _PAGE
        if index == len(lines):
            return
        first, text, kind = lines[index]
        index += 1
        if kind != OPEN:
            continue
        delimiters, state = scan(text, False, delimiter)
        for ahead in range(index, len(lines)):
            last, text, _ = lines[ahead]
            if last - first > MAX_LINES_IN_VALUE:
                break
            more, state = scan(text, True, delimiter)
            delimiters += more
            if state == BROKEN or (state == OPEN and delimiters >= columns):
                break
            if state == CLOSED:
                reason = _judge(con, first, last, delimiters + 1, columns, damaged)
                if reason != _UNCLOSED:
                    yield first, last, reason
                    index = ahead + 1
                break


def _judge(
    con: duckdb.DuckDBPyConnection,
    first: int,
    last: int,
    fields: int,
    columns: int,
    damaged: dict[int, str],
) -> str | None:
    """What is wrong with a record whose quotes do close; None if nothing is."""
    for n in range(first, last + 1):
        if n in damaged:
            return f"line {n}: {damaged[n]}"
    if fields == columns:
        return None
    # With the wrong number of fields it is either one long or short row, or a quote that a later
    # line seems to close. Whole rows in between tell which.
    between = con.execute(
        "select count(*) from temp._landing_lines where n > ? and n < ? and kind = 'ok'",
        [first, last],
    ).fetchone()
    if between and between[0]:
        return _UNCLOSED
    return (
        f"expected {columns} columns, found {fields}; correct the line (a value with the"
        " delimiter in it goes in quotes) and send it again"
    )


def scan(text: str, in_quotes: bool, delimiter: str) -> tuple[int, str]:
    """Follow a line from outside or inside of quotes: delimiters passed outside, and its end.

    OPEN if it ends inside of quotes, CLOSED if it ends a record, BROKEN if text follows a quote.
    """
    position, delimiters = 0, 0
    while True:
        if not in_quotes:
            start = position
            while text[start : start + 1] == " ":
                start += 1
            if text[start : start + 1] != '"':
                position = text.find(delimiter, position)
                if position < 0:
                    return delimiters, CLOSED
                position += 1
                delimiters += 1
                continue
            position = start + 1
        while True:
            position = text.find('"', position)
            if position < 0:
                return delimiters, OPEN
            position += 1
            if text[position : position + 1] != '"':
                break
            position += 1
        while text[position : position + 1] == " ":
            position += 1
        if position == len(text):
            return delimiters, CLOSED
        if text[position] != delimiter:
            return delimiters, BROKEN
        position += 1
        delimiters += 1
        in_quotes = False
