"""How a file writes its values: declared, checked, and read into one form by SQL.

A source or table declares it in its YAML (`config: {meta: {format: {...}}}`), one file in
`<file name>.yml` beside it. Only what is declared, or cannot mean two things, is ever read
otherwise than a cast would read it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import yaml
from persiantools.jdatetime import JalaliDate

from orchestration.landing.names import closest, literal, quoted

MAX_SIDECAR_BYTES = 64_000

# Digits of Persian and Arabic script. With ٫ and ٬ they mean the same wherever they stand.
_DIGITS = "۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩"
_ASCII_DIGITS = "01234567890123456789"
_DECIMAL, _THOUSANDS = "٫", "٬"

# Either of them as bytes of UTF-8, or as an escape of JSON.
OTHER_SCRIPT = re.compile(rb"\xdb[\xb0-\xb9]|\xd9[\xa0-\xac]|\\u06[6f]", re.IGNORECASE)

_WHITE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"
_SAME_SEPARATOR = {" ": " \u00a0\u202f", "'": "'’"}

# Codecs of Python that are no encodings of files.
_NO_ENCODINGS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}

# Jalali years that a date of business can have; the calendar is sure over all of them.
_FIRST_YEAR, _LAST_YEAR = 1250, 1500

_DELIMITERS = {",": ",", ";": ";", "\t": "\t", "tab": "\t", "\\t": "\t", "|": "|"}
_DATE_PARTS = {"%Y": "y", "%y": "y", "%m": "m", "%-m": "m", "%b": "m", "%B": "m"} | {
    "%d": "d",
    "%-d": "d",
}


class FormatError(ValueError):
    """A declaration that cannot be followed; the message names the key and what is allowed."""


@dataclass(frozen=True)
class Format:
    """What a file declares of itself. The defaults are what a file without a declaration is.

    encoding: a text codec of Python. delimiter: of CSV. calendar: of all dates. decimal and
    thousands: signs in numbers. date_format: DuckDB's strptime pattern of dates and of the date
    part of timestamps. time_zone: of timestamps without an offset. sheet: name, or number from 1.
    header_row: number from 1.
    """

    encoding: str | None = None
    delimiter: str | None = None
    calendar: str = "gregorian"
    decimal: str = "."
    thousands: str = ""
    date_format: str | None = None
    time_zone: str = "UTC"
    sheet: str | int | None = None
    header_row: int | None = None

    @property
    def declaration(self) -> str | None:
        """What differs from the defaults, as JSON that is equal for equal formats; else None."""
        changed = {key: value for key, value in asdict(self).items() if value != _DEFAULTS[key]}
        return json.dumps(changed, sort_keys=True, ensure_ascii=False) if changed else None

    def changed_by(self, declared: object) -> Format:
        """This format with what a declaration says otherwise.

        Raises FormatError for a key that is unknown or a value that is not allowed.
        """
        if declared is None:
            return self
        if not isinstance(declared, dict):
            raise FormatError(f"must be lines of `key: value`; the keys are {', '.join(_DEFAULTS)}")
        checked: dict[str, Any] = {}
        for key, value in declared.items():
            if key not in _DEFAULTS:
                near = closest(str(key), _DEFAULTS)
                hint = f" (is it {near}?)" if near else ""
                raise FormatError(f"unknown key {key!r}{hint}; the keys are {', '.join(_DEFAULTS)}")
            checked[key] = _checked(key, value)
        changed = replace(self, **checked)
        if changed.decimal == changed.thousands:
            raise FormatError(f"decimal and thousands are both {changed.decimal!r}; they differ")
        if changed.calendar == "jalali" and changed.date_format:
            parts = re.findall("%-?[A-Za-z]", changed.date_format)
            if not {part.replace("-", "") for part in parts} <= {"%Y", "%m", "%d"}:
                raise FormatError("date_format of calendar jalali can hold %Y, %m and %d only")
        return changed

    def without_values(self) -> Format:
        """The same file, its values written as a file without a declaration writes them."""
        return Format(
            encoding=self.encoding,
            delimiter=self.delimiter,
            sheet=self.sheet,
            header_row=self.header_row,
        )


_DEFAULTS = asdict(Format())


def _checked(key: str, value: object) -> Any:
    """A value of a declaration as the format keeps it."""
    allowed: str
    match key, value:
        case "encoding", str() | int():
            if (name := _encoding(str(value))) is not None:
                return name
            allowed = "utf-8, utf-16-le, windows-1256, windows-1258, latin-1 or another of Python's"
        case "delimiter", str() if value in _DELIMITERS:
            return _DELIMITERS[value]
        case "delimiter", _:
            allowed = '",", ";", "|" or tab'
        case "calendar", "gregorian" | "jalali":
            return value
        case "calendar", _:
            allowed = "gregorian or jalali"
        case "decimal", "." | "," | "٫":
            return value
        case "decimal", _:
            allowed = '".", "," or "٫"'
        case "thousands", "" | "," | "." | " " | "٬" | "'":
            return value
        case "thousands", _:
            allowed = 'nothing (""), ",", ".", " ", "٬" or "\'"'
        case "date_format", str() if _is_date_format(value):
            return value
        case "date_format", _:
            allowed = 'a pattern such as "%d/%m/%Y", of one year, month and day each'
        case "time_zone", str() if value in available_timezones():
            return value
        case "time_zone", _:
            allowed = "a name such as Asia/Tehran or Asia/Ho_Chi_Minh"
        case "sheet", str() if value:
            return value
        case "sheet" | "header_row", int() if not isinstance(value, bool) and 0 < value <= 1 << 20:
            return value
        case "sheet", _:
            allowed = "the name of a sheet or its number, from 1"
        case "header_row", _:
            allowed = "the number of a row, from 1"
        case _:
            allowed = "the name of an encoding"
    raise FormatError(f"{key} is {value!r}; allowed is {allowed}")


def _encoding(name: str) -> str | None:
    """Python's name of an encoding, None if it is none that text files can be in."""
    try:
        found = codecs.lookup(name)
        is_text = "d,\n".encode(name).decode(name) == "d,\n" and found.incrementaldecoder
    except (LookupError, UnicodeError, ValueError):
        return None
    return found.name if is_text and found.name.replace("-", "_") not in _NO_ENCODINGS else None


def _is_date_format(pattern: str) -> bool:
    parts = re.findall("%-?.?", pattern)
    found = sorted(_DATE_PARTS.get(part, part) for part in parts)
    return found == ["d", "m", "y"] and pattern.isprintable() and len(pattern) < 50


def parse_sidecar(data: bytes, base: Format) -> Format:
    """The format of a file from the bytes of its sidecar, over the one of its table.

    Raises FormatError. A sidecar comes from outside: it is flat, small, and refers to nothing.
    """
    if len(data) > MAX_SIDECAR_BYTES:
        raise FormatError(f"is longer than {MAX_SIDECAR_BYTES:,} bytes; a few lines are enough")
    try:
        text = data.decode("utf-8-sig")
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise FormatError("holds anchors or aliases (& or *); write each value out")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > 1:
                raise FormatError("is nested; write lines of `key: value`")
        declared = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise FormatError("is not UTF-8; save it as UTF-8") from error
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        problem = getattr(error, "problem", None) or "a value is of no known type"
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise FormatError(f"cannot be read as YAML{where}: {problem}") from error
    if isinstance(node, yaml.MappingNode):
        keys = [str(key.value) for key, _ in node.value]
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise FormatError(f"says {twice[0]} twice; leave one of them out")
    return base.changed_by(declared)


# Values -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """How values of a column are read, in steps: each is SQL of columns that later steps can use.

    The last step makes the column `new`, null where the text follows no rule. `declared` are words
    for the rule if the file declares one: then text that does not follow it must not land. Without
    it such text is left to the checks.
    """

    column: str
    steps: tuple[dict[str, str], ...]
    declared: str | None = None

    @property
    def new(self) -> str:
        """Column of the value that was read."""
        return quoted(f"_new {self.column}")

    @property
    def was(self) -> str:
        """Column of the text as it arrived, null where it was read as it stands."""
        return quoted(f"_was {self.column}")

    @property
    def unfit(self) -> str:
        """Column that is true where text does not follow what is declared."""
        return quoted(f"_unfit {self.column}")


def readings(form: Format, types: Mapping[str, str], other_script: bool) -> list[Reading]:
    """The columns of a file whose values cannot be taken as they stand; `types` by column.

    `other_script`: digits of Persian or Arabic script may be in the file.
    """
    found = []
    for column, kind in types.items():
        declared, steps = _steps(form, column, kind)
        if declared or (other_script and steps):
            name, new = quoted(column), quoted(f"_new {column}")
            # Text that only the white space around it tells from the value stays as it is.
            last = {new: f"case when {new} = trim({name}, {_WHITE}) then {name} else {new} end"}
            found.append(Reading(column, (*steps, last), declared or None))
    return found


def _steps(form: Format, column: str, kind: str) -> tuple[str, list[dict[str, str]]]:
    """Words of what is declared for a column, and how it is read; nothing for text."""
    new = quoted(f"_new {column}")
    digits = f"translate(trim({quoted(column)}, {_WHITE}), '{_DIGITS}', '{_ASCII_DIGITS}')"
    steps = [{new: digits}]
    if kind.startswith(("smallint", "int", "bigint", "double", "float", "decimal", "numeric")):
        steps.append({new: _number(new, form.decimal, form.thousands)})
        return _words(form, "decimal", "thousands"), steps
    if kind == "date":
        return _words(form, "calendar", "date_format"), steps + _date(new, form)
    if kind in ("timestamp", "timestamptz"):
        steps += _date(new, form) + _in_utc(new, form.time_zone)
        return _words(form, "calendar", "date_format", "time_zone"), steps
    return "", steps if kind == "time" else []


def _words(form: Format, *keys: str) -> str:
    values = [(key, getattr(form, key)) for key in keys]
    return ", ".join(f'{key}: "{value}"' for key, value in values if value != _DEFAULTS[key])


def _number(plain: str, decimal: str, thousands: str) -> str:
    decimals = decimal + _DECIMAL.replace(decimal, "")
    groups = (_SAME_SEPARATOR.get(thousands, thousands) + _THOUSANDS).replace(decimal, "")
    point, group = f"[{decimals}]", f"[{groups}]"
    pattern = (
        f"[+-]?(?:(?:[0-9]+|[0-9]{{1,3}}(?:{group}[0-9]{{3}})+)(?:{point}[0-9]*)?|{point}[0-9]+)"
        "(?:[eE][+-]?[0-9]+)?"
    )
    points = literal("." * len(decimals))
    return (
        f"case when regexp_full_match({plain}, {literal(pattern)})"
        f" then translate({plain}, {literal(decimals + groups)}, {points}) end"
    )


def _temporary(new: str, *names: str) -> list[str]:
    return [quoted(f"{new[1:-1]} {name}") for name in names]


def _date(new: str, form: Format) -> list[dict[str, str]]:
    """Steps to an ISO date, with the time behind it if there is one."""
    if form.calendar == "gregorian" and form.date_format is None:
        return []
    part, time, day = _temporary(new, "part", "time", "day")
    split = "'^(.*?)(?:[T ] *([0-9]{1,2}:.*))?$'"
    # A cast takes an offset only after seconds.
    seconds = "'^([0-9]+:[0-9]+)( *[A-Za-z+-].*)$', '\\1:00\\2'"
    steps = [
        {
            part: f"regexp_extract({new}, {split}, 1)",
            time: f"regexp_replace(regexp_extract({new}, {split}, 2), {seconds})",
        }
    ]
    if form.calendar == "jalali":
        steps += _jalali(new, part, day, form.date_format)
    else:
        pattern = literal(form.date_format or "")
        steps.append({day: f"cast(try_strptime({part}, {pattern}) as date)"})
    iso = f"strftime({day}, '%Y-%m-%d')"
    steps.append({new: f"{iso} || case when {time} = '' then '' else ' ' || {time} end"})
    return steps


def _jalali(new: str, part: str, day: str, date_format: str | None) -> list[dict[str, str]]:
    """Steps to the day that a date of the Jalali calendar is; null if there is no such day."""
    if date_format is None:
        two = "([0-9]{1,2})"
        same = "|".join(f"{sign}{two}{sign}{two}" for sign in ("-", "/", "[.]"))
        pattern = literal(f"([0-9]{{4}})(?:{same})")
        groups = {"%Y": (1,), "%m": (2, 4, 6), "%d": (3, 5, 7)}
    else:
        pieces = re.split("(%[Ymd])", date_format.replace("%-", "%"))
        digits = {"%Y": "([0-9]{4})", "%m": "([0-9]{1,2})", "%d": "([0-9]{1,2})"}
        pattern = literal("".join(digits.get(piece, re.escape(piece)) for piece in pieces))
        order = [piece for piece in pieces if piece in digits]
        groups = {key: (order.index(key) + 1,) for key in digits}
    year, month, date_, start, end = _temporary(new, "year", "month", "date", "start", "end")

    def taken(key: str) -> str:
        found = " || ".join(f"regexp_extract({part}, {pattern}, {group})" for group in groups[key])
        whole = f"regexp_full_match({part}, {pattern})"
        return f"case when {whole} then try_cast({found} as integer) end"

    before = f"case when {month} <= 7 then 31 * ({month} - 1) else 30 * {month} - 24 end"
    # Six months of 31 days, five of 30, and what is left of the year.
    days = (
        f"case when {month} <= 6 then 31 when {month} <= 11 then 30 else {end} - {start} - 336 end"
    )
    fits = (
        f"{year} between {_FIRST_YEAR} and {_LAST_YEAR} and {month} between 1 and 12"
        f" and {date_} between 1 and {days}"
    )
    return [
        {year: taken("%Y"), month: taken("%m"), date_: taken("%d")},
        {
            start: f"{_new_years()}[{year} - {_FIRST_YEAR - 1}]",
            end: f"{_new_years()}[{year} - {_FIRST_YEAR - 2}]",
        },
        {day: f"case when {fits} then date '1970-01-01' + ({start} + {before} + {date_} - 1) end"},
    ]


@cache
def _new_years() -> str:
    """SQL list: days from 1970-01-01 to the first day of each Jalali year, and the one after."""
    epoch = date(1970, 1, 1).toordinal()
    days = [
        JalaliDate(year, 1, 1).to_gregorian().toordinal() - epoch  # type: ignore[no-untyped-call]
        for year in range(_FIRST_YEAR, _LAST_YEAR + 2)
    ]
    return f"cast('{days}' as integer[])"


def _in_utc(new: str, time_zone: str) -> list[dict[str, str]]:
    """Steps to UTC. A time with an offset keeps it; one that the clock skips is null."""
    if time_zone == "UTC":
        return []
    zone = literal(time_zone)
    local, utc = _temporary(new, "local", "utc")
    shown = f"strftime({utc} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    return [
        {local: f"try_cast({new} as timestamp)"},
        {utc: f"{local} at time zone {zone}"},
        {
            new: f"case when regexp_matches({new}, ':[0-9.]+ *[A-Za-z+-]') then {new}"
            f" when {utc} at time zone {zone} = {local} then replace({shown}, '.000000Z', 'Z') end"
        },
    ]


def apply(relation: str, found: Sequence[Reading]) -> str:
    """SQL that reads values of a relation, keeps what they were, and marks what does not fit."""
    if not found:
        return f"select *, null::varchar as _original from ({relation})"
    made: set[str] = set()
    for level in range(max(len(reading.steps) for reading in found)):
        step = {
            name: sql
            for reading in found
            if level < len(reading.steps)
            for name, sql in reading.steps[level].items()
        }
        kept = made & set(step)
        star = f"* exclude ({', '.join(sorted(kept))})" if kept else "*"
        columns = ", ".join(f"{sql} as {name}" for name, sql in step.items())
        relation = f"select {star}, {columns} from ({relation})"
        made |= set(step)
    read = ", ".join(f"coalesce({r.new}, {quoted(r.column)}) as {quoted(r.column)}" for r in found)
    was = ", ".join(
        f"case when {r.new} <> {quoted(r.column)} then {quoted(r.column)} end as {r.was}"
        for r in found
    )
    unfit = "".join(
        f", {quoted(r.column)} is not null and {r.new} is null as {r.unfit}"
        for r in found
        if r.declared
    )
    pairs = ", ".join(
        f"case when {r.was} is not null"
        f" then {literal(json.dumps(r.column) + ':')} || to_json({r.was})::varchar end"
        for r in found
    )
    return (
        f"select *, '{{' || nullif(concat_ws(',', {pairs}), '') || '}}' as _original from ("
        f"select * exclude ({', '.join(sorted(made))}) replace ({read}), {was}{unfit}"
        f" from ({relation}))"
    )


def other_digits(text: str) -> str:
    """SQL: a text holds digits or signs of Persian or Arabic script."""
    return f"regexp_matches({text}, '[{_DIGITS}{_DECIMAL}{_THOUSANDS}]')"
