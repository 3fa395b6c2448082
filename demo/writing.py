"""Columns as compact numbers, turned into contract text or types by one DuckDB `copy` a file.

A table is a dict of columns in any order. A column holds the numbers (identifiers, codes, seconds)
and the SQL that turns them into the contract's value, so a million rows cost no Python objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import yaml
from numpy.typing import NDArray

CONTRACT = Path(__file__).parents[1] / "models/staging/standard/_standard__sources.yml"

Array = NDArray[Any]


@dataclass(frozen=True)
class Column:
    """SQL over arrays that it names {0}, {1} …"""

    template: str
    arrays: tuple[Array, ...]

    def take(self, index: Array) -> "Column":
        """Rows by position or mask."""
        return Column(self.template, tuple(array[index] for array in self.arrays))


Table = dict[str, Column]


def quoted(text: str) -> str:
    """A SQL string literal, with braces kept from `str.format`."""
    return "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"


def ids(prefix: str, numbers: Array, width: int = 9) -> Column:
    """`prefix` and the number with leading zeros; null where negative."""
    digits = f"lpad({{0}}::varchar, {width}, '0')"
    return Column(f"case when {{0}} >= 0 then '{prefix}' || {digits} end", (numbers,))


def codes(labels: Sequence[str], numbers: Array) -> Column:
    """The label with that number; null where negative."""
    listed = ", ".join(quoted(label) for label in labels)
    return Column(f"[{listed}][{{0}}::int + 1]", (numbers,))


def at(seconds: Array) -> Column:
    """A moment from seconds since 1970 UTC; null where negative."""
    return Column("case when {0} >= 0 then make_timestamp({0}::bigint * 1000000) end", (seconds,))


def on(days: Array) -> Column:
    """A date from days since 1970; null where negative."""
    return Column("case when {0} >= 0 then date '1970-01-01' + {0}::int end", (days,))


def number(values: Array) -> Column:
    """A number; null where NaN. The contract's type rounds it."""
    return Column("case when not isnan({0}::double) then {0} end", (values,))


def flag(values: Array) -> Column:
    """True or false."""
    return Column("{0}", (values,))


def text(template: str, *arrays: Array) -> Column:
    """Any SQL over arrays."""
    return Column(template, arrays)


def fixed(value: str, length: int) -> Column:
    """The same text in every row."""
    return codes((value,), np.zeros(length, dtype=np.int8))


def texts(values: Sequence[str | None]) -> Column:
    """Text given row by row, for small tables."""
    labels = sorted({value for value in values if value is not None}) or [""]
    place = {label: i for i, label in enumerate(labels)}
    return codes(labels, np.array([-1 if v is None else place[v] for v in values], dtype=np.int32))


def rows_in(table: Table) -> int:
    """How many rows a table has."""
    return len(next(iter(table.values())).arrays[0])


def take(table: Table, index: Array) -> Table:
    """Rows by position or mask."""
    return {name: column.take(index) for name, column in table.items()}


@cache
def contract() -> Mapping[str, Mapping[str, str]]:
    """Types by entity and column, in the contract's order."""
    tables = yaml.safe_load(CONTRACT.read_text("utf-8"))["sources"][0]["tables"]
    return {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        for table in tables
    }


FORMATS = {
    "csv": "format csv, header",
    "csv.gz": "format csv, header, compression gzip",
    "jsonl": "format json",
    "parquet": "format parquet, compression zstd",
}


class Writer:
    """Writes tables into one folder and counts the rows of each file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)
        # One thread: the same rows give the same bytes.
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")

    def write(self, entity: str, table: Table, suffix: str = "", kind: str = "csv") -> Path:
        """Write `<entity><suffix>.<kind>` with the columns that the table has."""
        types = {**contract()[entity], "updated_at": "timestamptz", "_deleted": "boolean"}
        unknown = set(table) - set(types)
        if unknown:
            raise ValueError(f"not in the contract of {entity}: {sorted(unknown)}")
        arrays: dict[str, Array] = {}
        parts = []
        for name in (name for name in types if name in table):
            column = table[name]
            places = []
            for array in column.arrays:
                known = next((key for key, value in arrays.items() if value is array), None)
                if known is None:
                    known = f"c{len(arrays)}"
                    arrays[known] = array
                places.append(known)
            expression = f"({column.template.format(*places)})"
            parts.append(f"{_rendered(expression, types[name], kind)} as {name}")
        path = self.folder / f"{entity}{suffix}.{kind}"
        self._connection.register("rows_to_write", arrays)
        self._connection.execute(
            f"copy (select {', '.join(parts)} from rows_to_write) to '{path}' ({FORMATS[kind]})"
        )
        self._connection.unregister("rows_to_write")
        self.rows[path.name] = rows_in(table)
        return path

    def append_lines(self, path: Path, lines: Sequence[str]) -> None:
        """Add lines of text to a file that has been written."""
        with path.open("a", encoding="utf-8", newline="") as file:
            file.writelines(line + "\n" for line in lines)
        self.rows[path.name] += len(lines)

    def copy(self, path: Path, name: str) -> Path:
        """A byte-identical file under another name."""
        target = self.folder / name
        target.write_bytes(path.read_bytes())
        self.rows[name] = self.rows[path.name]
        return target

    def close(self) -> None:
        """Close the connection behind the writer."""
        self._connection.close()


def _rendered(expression: str, data_type: str, kind: str) -> str:
    if data_type == "timestamptz":
        if kind == "parquet":
            return f"{expression} at time zone 'UTC'"
        return f"strftime({expression}, '%Y-%m-%dT%H:%M:%SZ')"
    if data_type.startswith("char"):
        data_type = "varchar"
    return f"cast({expression} as {data_type})"


def stack(upper: Table, lower: Table) -> Table:
    """Rows of two tables with the same columns, one below the other."""
    stacked = {}
    for name, column in upper.items():
        other = lower[name]
        if column.template != other.template:
            raise ValueError(f"{name} is made in two ways")
        pairs = zip(column.arrays, other.arrays, strict=True)
        stacked[name] = Column(column.template, tuple(np.concatenate(pair) for pair in pairs))
    return stacked


def only_where(column: Column, kept: Array) -> Column:
    """The column, null in the other rows."""
    place = len(column.arrays)
    return Column(f"case when {{{place}}} then ({column.template}) end", (*column.arrays, kept))


def with_values(column: Column, index: Array, value: float) -> Column:
    """The column with the number behind some rows replaced."""
    changed = column.arrays[0].copy()
    changed[index] = value
    return Column(column.template, (changed, *column.arrays[1:]))
