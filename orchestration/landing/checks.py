"""The contract as SQL: one fast test for each column, and words for what fails it.

The test runs on every row while it is read; the words are made for failing rows only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.landing.contract import Column, Entity
from orchestration.landing.names import literal, quoted

# Years outside of this range are typing errors that a cast would let through ("24-01-05").
_FROM, _TO = "1000-01-01", "10000-01-01"

_WHITE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"

_HOW = {
    "date": " (write it as 2026-01-31)",
    "time": " (write it as 09:30:00)",
    "timestamp": " (write it as 2026-01-31 09:30:00)",
    "timestamptz": " (write it as 2026-01-31T09:30:00Z)",
    "boolean": " (write true or false)",
    "bool": " (write true or false)",
}


@dataclass(frozen=True)
class Problem:
    """A way in which a value can fail: the column, the SQL that finds it, the SQL of the words."""

    column: str
    condition: str
    reason: str


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


def bad_row(entity: Entity, present: set[str]) -> str:
    """SQL: the row fails at least one check; never null."""
    conditions = [f"({problem.condition})" for problem in problems(entity, present)]
    return " or ".join(conditions) or "false"


def problems(entity: Entity, present: set[str]) -> Iterator[Problem]:
    """All checks of an entity on the columns that a file has."""
    for column in entity.accepted_columns:
        if column.name not in present:
            if column.required:
                # Only a file that can mark deletions gets here without the column.
                words = f"{column.name}: no value, but one is required; only a deletion may lack it"
                yield Problem(column.name, f"not {is_deleted(present)}", literal(words))
            continue
        name = quoted(column.name)
        shown = f"left({name}, 100)"
        if column.required:
            missing = f"{name} is null"
            if column.name not in entity.key:
                missing += f" and not {is_deleted(present)}"
            words = f"{column.name}: no value, but one is required; fill it in"
            yield Problem(column.name, missing, literal(f"{words} and send the row again"))
        if (fits := _fits(column)) is not None:
            letters = re.fullmatch(r"char\((\d+)\)", column.data_type)
            article = "an" if column.data_type[0] in "aeiou" else "a"
            kind = f"{article} {column.data_type}{_HOW.get(column.data_type, '')}"
            if letters:
                kind = f"a code of {letters[1]} letters"
            yield _problem(
                column.name,
                f"{name} is not null and not coalesce({fits}, false)",
                shown,
                f"is not {kind}",
            )
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


def _problem(column: str, condition: str, shown: str, what: str) -> Problem:
    before = literal(f"{column}: '")
    after = literal(f"' {what}; correct the value and send the row again")
    return Problem(column, condition, f"{before} || {shown} || {after}")


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
