"""The contract as SQL: one fast test for each column, and words for what fails it.

The test runs on every row while it is read; the words are made for failing rows only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from orchestration.landing.contract import Column, Entity
from orchestration.landing.formats import Reading
from orchestration.landing.names import literal, quoted

# Years outside of this range are typing errors that a cast would let through ("24-01-05"), or of
# another calendar: in Jalali years, ours began in 1250.
_FROM, _TO = "1700-01-01", "10000-01-01"

_NUMBERS = ("smallint", "int", "bigint", "double", "float", "decimal", "numeric")

_WHITE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"

_HOW = {
    "date": " (write it as 2026-01-31)",
    "time": " (write it as 09:30:00)",
    "timestamp": " (write it as 2026-01-31 09:30:00)",
    "timestamptz": " (write it as 2026-01-31T09:30:00Z)",
    "boolean": " (write true or false)",
    "bool": " (write true or false)",
}


_DECLARE = " in a file <its name>.yml beside the file"

# What a value that is none of its type may have been meant as: a pattern, and how to say so.
# A hint may guess; a value is only ever read as declared.
_HINTS = {
    "number": (
        (
            r"\s*[+-]?[0-9]+,[0-9]+\s*",
            f'if the comma is a decimal one, declare decimal: ","{_DECLARE}',
        ),
        (
            r"\s*[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?\s*",
            f'if the commas group digits, declare thousands: ","{_DECLARE}',
        ),
        (
            r"\s*[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+\s*",
            f'declare decimal: "," and thousands: "."{_DECLARE}',
        ),
    ),
    "date": (
        (
            r"\s*1[2-6][0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(\D.*)?",
            f"if it is a Jalali date, declare calendar: jalali{_DECLARE}; write dates of the Hijri"
            " calendar as Gregorian ones",
        ),
        (
            r"\s*[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}(\D.*)?",
            f"if all dates of the file are written so, declare their date_format, such as"
            f' "%d/%m/%Y",{_DECLARE}',
        ),
    ),
}


@dataclass(frozen=True)
class Problem:
    """A way in which a value can fail: the column, the SQL that finds it, the SQL of the words.

    `declared`: it is what the file declares that the value does not follow, in words.
    """

    column: str
    condition: str
    reason: str
    declared: str | None = None


def blank_as_null(expression: str) -> str:
    """SQL that makes a value of nothing but white space null; other values stay as they are.

    The comparisons sort out almost every value by its first byte. (160 is the no-break space.)
    """
    first = f"{expression} < '!' or ({expression} >= chr(160) and {expression} < chr(161))"
    return (
        f"case when ({first}) and trim({expression}, {_WHITE}) = '' then null else {expression} end"
    )


def is_deleted(present: set[str]) -> str:
    """SQL: the row is marked as deleted. `present` are the contract columns of the file."""
    return "coalesce(try_cast(_deleted as boolean), false)" if "_deleted" in present else "false"


def bad_row(entity: Entity, present: set[str], readings: Sequence[Reading] = ()) -> str:
    """SQL: the row fails at least one check; never null."""
    conditions = [f"({problem.condition})" for problem in problems(entity, present, readings)]
    return " or ".join(conditions) or "false"


def problems(
    entity: Entity, present: set[str], readings: Sequence[Reading] = ()
) -> Iterator[Problem]:
    """All checks of an entity on the columns that a file has.

    `readings` are the columns whose values were read otherwise than they stood.
    """
    read_as = {reading.column: reading for reading in readings}
    for column in entity.accepted_columns:
        if column.name not in present:
            if column.required:
                # Only a file that can mark deletions gets here without the column.
                missing = (
                    f"{column.name}: no value, but one is required; only a deletion may lack it"
                )
                yield Problem(column.name, f"not {is_deleted(present)}", literal(missing))
            continue
        name = quoted(column.name)
        reading = read_as.get(column.name)
        shown = f"left(coalesce({reading.was}, {name}), 100)" if reading else f"left({name}, 100)"
        if column.required:
            missing = f"{name} is null"
            if column.name not in entity.key:
                missing += f" and not {is_deleted(present)}"
            reason = (
                f"{column.name}: no value, but one is required; fill it in and send the row again"
            )
            yield Problem(column.name, missing, literal(reason))
        if (fits := _fits(column)) is not None:
            letters = re.fullmatch(r"char\((\d+)\)", column.data_type)
            article = "an" if column.data_type[0] in "aeiou" else "a"
            kind = f"{article} {column.data_type}{_HOW.get(column.data_type, '')}"
            if letters:
                kind = f"a code of {letters[1]} letters"
            words = reading.declared if reading else None
            if reading and words:
                fits = f"not {reading.unfit} and {fits}"
                kind = f"{kind.split(' (write')[0]} as it is declared ({words})"
            problem = _problem(
                column.name,
                f"{name} is not null and not coalesce({fits}, false)",
                shown,
                f"is not {kind}",
                None if words else _hint(column, name),
            )
            yield replace(problem, declared=words)
        if column.accepted:
            values = ", ".join(literal(value) for value in column.accepted)
            # A case, because `and` computes all its sides for every row: 40 times as slow here.
            wrong = (
                f"case when {name} is null or {name} in ({values}) then false"
                f" else lower(trim({name}, {_WHITE})) not in ({values}) end"
            )
            yield _problem(column.name, wrong, shown, f"is not one of {', '.join(column.accepted)}")
        if column.range:
            low, high = column.range
            # What is no number at all is found above.
            outside = (
                f"case when {name} is null then false else coalesce("
                f"try_cast({name} as double) not between {low} and {high}, false) end"
            )
            yield _problem(column.name, outside, shown, f"is not between {low} and {high}")


def _problem(
    column: str, condition: str, shown: str, what: str, hint: str | None = None
) -> Problem:
    before = literal(f"{column}: '")
    after = literal(f"' {what}; correct the value and send the row again")
    reason = f"{before} || {shown} || {after}"
    return Problem(column, condition, f"{reason} || {hint}" if hint else reason)


def _hint(column: Column, name: str) -> str | None:
    """SQL of what to declare if the value was meant so; empty where it looks like nothing known."""
    is_date = column.data_type in ("date", "timestamp", "timestamptz")
    is_number = column.data_type.startswith(_NUMBERS)
    if not is_date and not is_number:
        return None
    cases = " ".join(
        f"when regexp_full_match({name}, {literal(pattern)}) then {literal('; ' + words)}"
        for pattern, words in _HINTS["date" if is_date else "number"]
    )
    return f"case {cases} else '' end"


def typed(column: Column) -> str:
    """SQL that reads a value as its type, null if it is none; equal values compare as equal."""
    name = quoted(column.name)
    if _is_text(column):
        return name
    return f"try_cast({name} as {column.data_type})"


def _is_text(column: Column) -> bool:
    return column.data_type.startswith(("varchar", "text", "string", "char", "json"))


def _fits(column: Column) -> str | None:
    """SQL: true if a value that is not null is one of the column's type. None if any text is."""
    name = quoted(column.name)
    kind = column.data_type
    cast = f"try_cast({name} as {kind})"
    if kind.startswith("char"):
        letters = kind.removeprefix("char(").rstrip(")")
        return f"regexp_full_match({name}, '[A-Za-z]{{{letters}}}')"
    if kind == "json":
        return f"json_valid({name})"
    if _is_text(column):
        return None
    if kind in ("smallint", "integer", "int", "bigint"):
        # A cast alone rounds 12.5 and reads 0x1F and 1_000.
        return f"{cast} = try_cast({name} as double) and not contains({name}, '_')"
    if kind.startswith(("decimal", "numeric")):
        return f"{cast} is not null and not contains({name}, '_')"
    if kind in ("double", "float"):
        return f"isfinite({cast}) and not contains({name}, '_')"
    if kind in ("date", "timestamp", "timestamptz"):
        # A first character before ':' keeps out words that a cast reads: epoch, infinity.
        return f"{cast} >= {kind} '{_FROM}' and {cast} < {kind} '{_TO}' and {name} < ':'"
    if kind == "time":
        # A cast alone reads a date as midnight.
        return f"{cast} is not null and contains({name}, ':') and not contains({name}, '-')"
    return f"{cast} is not null"
