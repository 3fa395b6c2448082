"""What landing has to make of a file, judged by the file's own bytes.

Nothing here uses the reader under test or trusts its counts. Text is cut into lines by a pattern
and records are read by Python's csv and json. Every line of a file must belong to one row of raw
or of quarantine, no more and no less, and every value must be the one that was written.
"""

from __future__ import annotations

import bisect
import csv
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.reliability.mutations import File, Piece, Row

csv.field_size_limit(1 << 30)

_LINE_END = re.compile(r"\r\n|\r|\n")
_SEPARATOR = re.compile(r"sep=.?\s*", re.IGNORECASE)  # in the words of Excel
_WHAT_TO_DO = re.compile(
    r"\b(add|close|compress|copy|correct|declare|give|leave|move|name|remove|rename|report|save"
    r"|send|shorten|split|unmerge|write)\b"
)


@dataclass
class Outcome:
    """What the database holds of one file."""

    status: str
    reason: str | None = None
    notes: tuple[str, ...] = ()
    ledger: tuple[int, int, int, int] | None = None  # read, accepted, quarantined, duplicate
    raw: dict[int, tuple[dict[str, str | None], str | None]] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)  # row number: the lines as they were
    rejected: dict[int, str] = field(default_factory=dict)  # row number: all that is kept of it
    raw_rows: int = 0


@dataclass
class _Record:
    """A row of raw or of quarantine, by the lines it is made of, from 1."""

    first: int
    last: int
    kind: str  # raw, unread, rejected


def faults(file: File, outcome: Outcome, same: bool) -> list[str]:
    """All that is wrong with what became of a file. `same`: another file has the same content."""
    return list(_faults(file, outcome, same))


def _faults(file: File, outcome: Outcome, same: bool) -> Iterator[str]:
    if outcome.status == "already_landed":
        if not same:
            yield "was taken for a file that it is not"
        return
    if outcome.status == "refused":
        if not (file.must_refuse or file.may_refuse):
            yield f"was refused: {outcome.reason}"
        if not outcome.reason or not _WHAT_TO_DO.search(outcome.reason):
            yield f"the reason does not say what to do: {outcome.reason}"
        if outcome.raw or outcome.unread or outcome.rejected or outcome.ledger:
            yield "was refused, but something of it landed"
        return
    if file.must_refuse:
        yield f"landed, but has to be refused: {outcome.notes}"
        return
    yield from _book_faults(file, outcome)
    if file.file_type == ".parquet" and file.packing_damaged:
        return  # without checksums of its values, a Parquet file can only be counted
    if file.is_text:
        yield from _text_faults(file, outcome)
    else:
        yield from _table_faults(file, outcome)


def _book_faults(file: File, outcome: Outcome) -> Iterator[str]:
    if outcome.ledger is None:
        yield "has no line in the ledger"
        return
    read, accepted, quarantined, duplicate = outcome.ledger
    if read != accepted + quarantined + duplicate:
        yield f"the ledger does not add up: {outcome.ledger}"
    if outcome.raw_rows != accepted + duplicate or len(outcome.raw) != outcome.raw_rows:
        yield f"{outcome.raw_rows} rows of {len(outcome.raw)} numbers in raw: {outcome.ledger}"
    if set(outcome.unread) & set(outcome.rejected):
        yield "a row number is in quarantine as a line and as a row"
    if len(outcome.unread) + len(outcome.rejected) != quarantined:
        yield f"{len(outcome.unread)} + {len(outcome.rejected)} in quarantine: {outcome.ledger}"
    keys = Counter(
        tuple(values[name] for name in file.entity.key) for values, _ in outcome.raw.values()
    )
    # Keys that differ as text may be equal as values, but only where something was damaged.
    exact = not any(piece.damaged for piece in file.pieces) and not file.packing_damaged
    if (
        (duplicate != len(outcome.raw) - len(keys))
        if exact
        else (duplicate < len(outcome.raw) - len(keys))
    ):
        yield f"{duplicate} duplicates, but {len(outcome.raw) - len(keys)} keys come again"


# Sheets and Parquet: rows by their number ---------------------------------------------------------


def _table_faults(file: File, outcome: Outcome) -> Iterator[str]:
    first = 2 if file.file_type == ".xlsx" else 1
    rows = dict(enumerate(file.rows, start=first))
    if set(rows) != set(outcome.raw) | set(outcome.rejected) | set(outcome.unread):
        yield "other rows landed than were written"
    for number, row in rows.items():
        yield from _row_faults(file, row, number, outcome)


def _row_faults(file: File, row: Row, number: int, outcome: Outcome) -> Iterator[str]:
    """A row that is as it was written: in raw with its values, or rejected if it must be."""
    if number in outcome.raw:
        if row.fate == "bad":
            yield f"row {number} landed, but has a value that it must not have"
        yield from _value_faults(number, file.expected(row), outcome.raw[number])
    elif row.fate == "good":
        yield f"row {number} is good, but did not land"
    elif row.token and row.token not in outcome.rejected.get(number, ""):
        yield f"row {number}: quarantine does not hold {row.token}"


def _value_faults(
    number: int,
    expected: tuple[dict[str, str | None], dict[str, str | None] | None],
    found: tuple[dict[str, str | None], str | None],
) -> Iterator[str]:
    values, extra = expected
    for name, value in values.items():
        if _text(value) != found[0][name]:
            yield f"row {number}: {name} was {value!r:.80} and is {found[0][name]!r:.80}"
    kept = None if found[1] is None else json.loads(found[1])
    if kept is not None and all(value is None for value in kept.values()):
        kept = None
    if extra is not None:
        extra = {name: None if value is None else _lines(value) for name, value in extra.items()}
    if kept is not None and extra is not None:
        kept = {name: kept.get(name) for name in {**extra, **kept}}  # null or not there
        extra = {name: extra.get(name) for name in kept}
    if kept != extra:
        yield f"row {number}: unknown columns were {extra!r:.200} and are {kept!r:.200}"


def _lines(value: str) -> str:
    """A line break inside of a value arrives as LF, however it was written."""
    return _LINE_END.sub("\n", value)


def _text(value: str | None) -> str | None:
    """A value as raw holds it: one of nothing but white space is none."""
    return None if value is None or not value.strip(" \t\r\n\xa0") else _lines(value)


# Text: every line is part of one record -----------------------------------------------------------


def _text_faults(file: File, outcome: Outcome) -> Iterator[str]:
    parts = [_decode(file, piece) for piece in file.pieces]
    text = "".join(parts)
    in_step = True
    if file.codec.startswith("utf-16") and any(piece.damaged for piece in file.pieces):
        in_step = False  # what follows the damage is other text, or none
        try:
            text = b"".join(piece.data for piece in file.pieces).decode(file.codec)
        except UnicodeDecodeError:
            yield "landed, but holds bytes that are no text"
            return
    starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
    lines = [
        text[start:end].rstrip("\r\n")
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    ]
    if not lines[-1]:
        lines.pop()
    is_csv = file.file_type.startswith(".csv")
    header_line = 0
    columns: list[str | None] = []
    if is_csv:
        header_line = next(
            n for n, line in enumerate(lines, 1) if line.strip() and not _SEPARATOR.fullmatch(line)
        )
        columns = _columns(file, lines[header_line - 1])
    records = []
    for number, found in outcome.raw.items():
        last = number
        if is_csv:
            last, problems = _csv_faults(file, lines, number, columns, found[0])
            yield from problems
        else:
            yield from _json_faults(file, lines[number - 1], number, found[0])
        records.append(_Record(number, last, "raw"))
    for number, kept in outcome.unread.items():
        records.append(_Record(number, number + kept.count("\n"), "unread"))
    for number in outcome.rejected:
        last = _record(lines, number, file.delimiter)[1] if is_csv else number
        records.append(_Record(number, last, "rejected"))
    yield from _coverage_faults(lines, header_line, records, outcome)
    if in_step:
        yield from _written_faults(file, parts, text, starts, records, outcome)


def _decode(file: File, piece: Piece) -> str:
    text = piece.data.decode(file.codec, "replace")
    return unicodedata.normalize("NFC", text) if file.declared else text


def _has_header(file: File) -> bool:
    """Whether the header is as it was written."""
    return any(piece.is_header and not piece.damaged for piece in file.pieces)


def _columns(file: File, line: str) -> list[str | None]:
    """The contract column of each place: as it was written, or as a damaged header says."""
    if _has_header(file):
        return [None if column is None else column.name for _, column in file.header]
    known = {
        re.sub(r"\W|_", "", name.lower()): column.name
        for column in file.entity.accepted_columns
        for name in (column.name, *column.aliases)
    }
    try:
        names = next(csv.reader([line], delimiter=file.delimiter, strict=True))
    except csv.Error:
        return []
    plain = (re.sub(r"^propert(y|ies)_", "", name.strip().lower()) for name in names)
    return [known.get(re.sub(r"\W|_", "", name)) for name in plain]


def _record(lines: list[str], number: int, delimiter: str) -> tuple[list[str] | None, int]:
    """The record that begins at a line, and its last line; None if it is not one."""
    reader = csv.reader(
        (line + "\n" for line in lines[number - 1 :]), delimiter=delimiter, strict=True
    )
    try:
        return next(reader), number - 1 + reader.line_num
    except (csv.Error, StopIteration):
        return None, number


def _csv_faults(
    file: File,
    lines: list[str],
    number: int,
    columns: list[str | None],
    found: dict[str, str | None],
) -> tuple[int, list[str]]:
    """The last line of a row of raw, and what differs from the record that begins there."""
    record, last = _record(lines, number, file.delimiter)
    values = None if record is None else _by_column(record, columns)
    if values is None or any(_text(values.get(n)) != found[n] for n in values):
        # Spaces around quotes do not count, but Python's reader does not know that.
        sign = re.escape(file.delimiter)
        spaces = re.compile(rf'(?:(?<=^)|(?<={sign})) +(?=")|(?<=") +(?=$|{sign})')
        record, last = _record([spaces.sub("", line) for line in lines], number, file.delimiter)
        values = None if record is None else _by_column(record, columns)
    if values is None:
        return last, [f"line {number} is no record of {len(columns)} columns, but landed"]
    text = "".join(lines[number - 1 : last])
    problems = []
    if "\ufffd" in text or "\0" in text:
        problems.append(f"line {number} holds bytes that are no text, but landed")
    problems += [
        f"line {number}: {name} is {found[name]!r:.80} in raw and {value!r:.80} in the file"
        for name, value in values.items()
        if _text(value) != found[name]
    ]
    return last, problems


def _by_column(record: list[str], columns: list[str | None]) -> dict[str, str | None] | None:
    if len(record) != len(columns):
        return None
    return {name: value for name, value in zip(columns, record, strict=True) if name is not None}


def _json_faults(file: File, line: str, number: int, found: dict[str, str | None]) -> Iterator[str]:
    if "\ufffd" in line or "\0" in line:
        yield f"line {number} holds bytes that are no text, but landed"
        return
    try:
        written = json.loads(line, parse_int=str, parse_float=str, strict=False)
    except ValueError as error:
        yield f"line {number} is not JSON ({error}), but landed"
        return
    values = {_json_text(value) for value in written.values()}
    for name, value in found.items():
        if value is not None and value not in values:
            yield f"line {number}: {name} is {value!r:.80}, which the line does not hold"
    if file.token in line and not any(file.token in (v or "") for v in found.values()):
        yield f"line {number}: its token did not land"


def _json_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) or value is None else json.dumps(value)


def _coverage_faults(
    lines: list[str], header_line: int, records: Iterable[_Record], outcome: Outcome
) -> Iterator[str]:
    owners = Counter(n for record in records for n in range(record.first, record.last + 1))
    for number, line in enumerate(lines, start=1):
        owned = owners.pop(number, 0)
        if number <= header_line:
            if owned:
                yield f"line {number} is of the header, but landed"
        elif owned > 1:
            yield f"line {number} landed {owned} times: {line!r:.80}"
        elif not owned and line.strip(" \t"):
            yield f"line {number} was lost: {line!r:.80}"
    if owners:
        yield f"lines landed that the file does not have: {sorted(owners)[:5]}"
    for number, kept in outcome.unread.items():
        written = "\n".join(lines[number - 1 : number + kept.count("\n")])
        if kept != written.replace("\0", "\ufffd"):
            yield f"quarantine holds {kept!r:.80} of line {number}, which is {written!r:.80}"


def _written_faults(
    file: File,
    parts: list[str],
    text: str,
    starts: list[int],
    records: list[_Record],
    outcome: Outcome,
) -> Iterator[str]:
    """Rows that are as they were written: landed, or torn by damage before them."""
    if file.file_type.startswith(".csv") and not _has_header(file):
        return  # what the values mean is not known
    owner = {n: record for record in records for n in range(record.first, record.last + 1)}
    spoilt: set[int] = set()  # lines that are not as they were written, or torn
    begin = 0
    for piece, part in zip(file.pieces, parts, strict=True):
        end = begin + len(part)
        first = bisect.bisect_right(starts, begin)
        last = max(first, bisect.bisect_left(starts, end))
        whole = starts[first - 1] == begin and (end == len(text) or end in starts[last : last + 1])
        row, begin = piece.row, end
        if row is None:
            if piece.damaged or not whole:
                spoilt.update(range(first, last + 1))
            continue
        record = owner.get(first)
        if piece.damaged or not whole:
            spoilt.update(range(first, last + 1))
            if row.fate == "bad" and whole and first in outcome.raw:
                yield f"line {first} must not land, but did"
        elif record is None:
            yield f"row {row.token} at line {first} was lost"
        elif record.first < first:
            if not spoilt & set(range(record.first, first)):
                yield f"row {row.token} at line {first} is part of another, which is not damaged"
            spoilt.update(range(first, last + 1))
        elif record.kind == "unread":
            yield f"row {row.token} at line {first} is good to read, but was not read"
        else:
            yield from _row_faults(file, row, first, outcome)
            if record.last != last:
                yield f"row {row.token} has the lines {first} to {last}, not to {record.last}"
