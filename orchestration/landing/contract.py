"""The raw contract, read from the dbt source YAML: the one place where it is declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orchestration.landing.formats import Format, FormatError
from orchestration.landing.names import resolved

# Types that the checks know. A misspelt type must fail here, not in the middle of a file.
_TYPE = re.compile(
    r"(varchar|text|string|json|boolean|bool|date|time|timestamp|timestamptz"
    r"|smallint|integer|int|bigint|double|float|char\(\d+\)|varchar\(\d+\)"
    r"|(decimal|numeric)\(\d+, ?\d+\))"
)

# What a column can tell of a person: how to reach them, what they are called, or anything else.
PERSONAL = ("email", "phone", "name", "text")

# Types whose values a range can be given for.
_NUMBER = ("smallint", "int", "bigint", "double", "float", "decimal", "numeric")

# Columns that the landing adds to every raw table.
SYSTEM_COLUMNS = (
    "_extra",
    "_original",
    "_file_id",
    "_row_number",
    "_load_id",
    "_loaded_at",
    "_first_load_id",
    "_first_row_number",
)

# Columns of an export of the quarantine; a file that brings them back is known by the first one.
RETURN_COLUMNS = ("_quarantine_id", "_reasons", "_file", "_row", "_line")


class ContractError(ValueError):
    """The contract contradicts itself or cannot be read; the message names file and entity."""


@dataclass(frozen=True)
class Column:
    """One column: `accepted` is lower case; `aliases` are other names that a header may have.

    `range` is the lowest and the highest number allowed, as the contract writes them. `pii` says
    what a column tells of a person outside the company: one of PERSONAL, or None. `pii_where` is
    another column and the value it has in the rows where that is so; None means all rows. `keeps`
    are words that stay when the text of a person is erased, since models read them.
    """

    name: str
    data_type: str = "varchar"
    required: bool = False
    accepted: tuple[str, ...] = ()
    range: tuple[int | float, int | float] | None = None
    references: str | None = None
    pii: str | None = None
    pii_where: tuple[str, str] | None = None
    keeps: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


# Every table takes these two. `updated_at` orders versions of a row; `_deleted` marks its end.
OPTIONAL_COLUMNS = (
    Column(name="updated_at", data_type="timestamptz"),
    Column(name="_deleted", data_type="boolean"),
)


@dataclass(frozen=True)
class Entity:
    """One table of a source; `table` is its name in schema `raw`, `key` identifies a row.

    `form` is how its files write values, unless one of them declares otherwise.
    """

    name: str
    source: str
    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    form: Format = field(default_factory=Format)

    @property
    def accepted_columns(self) -> tuple[Column, ...]:
        """The declared columns, then the optional ones that the contract does not declare."""
        declared = {column.name.lower() for column in self.columns}
        return self.columns + tuple(c for c in OPTIONAL_COLUMNS if c.name not in declared)


@dataclass(frozen=True)
class Source:
    """One folder of extracts and the entities that it may hold, by name."""

    name: str
    entities: dict[str, Entity]


def load_contract(models_dir: Path) -> dict[str, Source]:
    """Read every `staging/*/*__sources.yml` under `models_dir`; sources by name.

    Raises ContractError for YAML that cannot be read, an unknown type or kind of personal data, a
    range that is none, a key that is no column, a source or entity declared twice, two columns
    that a header could not tell apart, or a format that cannot be followed.
    """
    contract: dict[str, Source] = {}
    for path in sorted(models_dir.glob("staging/*/*__sources.yml")):
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ContractError(f"{path}: cannot be read as YAML: {error}") from error
        for declared in document.get("sources") or []:
            source = _source(declared, path)
            if source.name in contract:
                raise ContractError(f"{path}: source {source.name} is declared twice")
            contract[source.name] = source
    return contract


def _source(declared: Mapping[str, Any], path: Path) -> Source:
    name = str(declared["name"])
    form = _form(declared, Format(), f"{path}: {name}")
    entities: dict[str, Entity] = {}
    for table in declared.get("tables") or []:
        entity = _entity(table, name, path, form)
        if entity.name in entities:
            raise ContractError(f"{path}: {name}.{entity.name} is declared twice")
        entities[entity.name] = entity
    return Source(name=name, entities=entities)


def _entity(table: Mapping[str, Any], source: str, path: Path, form: Format) -> Entity:
    name = str(table["name"])
    where = f"{path}: {source}.{name}"
    columns = tuple(_column(column, where) for column in table.get("columns") or [])
    by_name = {column.name for column in columns}
    key = tuple(str(part) for part in _strings(_meta(table).get("key")))
    if missing := [part for part in key if part not in by_name]:
        raise ContractError(f"{where}: key {', '.join(missing)} is not among the columns")
    taken: dict[str, str] = {}
    for column in columns:
        if column.name.lower() in (*SYSTEM_COLUMNS, *RETURN_COLUMNS):
            raise ContractError(f"{where}: {column.name} is a name that the landing uses itself")
        for spelling in {resolved(column.name), *map(resolved, column.aliases)}:
            if taken.setdefault(spelling, column.name) != column.name:
                raise ContractError(
                    f"{where}: a header cannot tell {taken[spelling]} from {column.name}; "
                    "rename one of them or drop the alias"
                )
    identifier = str(table.get("identifier") or f"{source}__{name}")
    form = _form(table, form, where)
    return Entity(name=name, source=source, table=identifier, columns=columns, key=key, form=form)


def _form(node: Mapping[str, Any], base: Format, where: str) -> Format:
    try:
        return base.changed_by(_meta(node).get("format"))
    except FormatError as error:
        raise ContractError(f"{where}: format: {error}") from error


def _column(column: Mapping[str, Any], where: str) -> Column:
    meta = _meta(column)
    data_type = str(column.get("data_type") or "varchar").lower().strip()
    if not _TYPE.fullmatch(data_type):
        raise ContractError(f"{where}.{column['name']}: unknown data_type {data_type}")
    return Column(
        name=str(column["name"]),
        data_type=data_type,
        required=bool(meta.get("required", False)),
        # YAML reads a bare yes or 1 as something other than text.
        accepted=tuple(str(v).strip().lower() for v in _strings(meta.get("accepted"))),
        range=_range(meta.get("range"), data_type, f"{where}.{column['name']}"),
        references=meta.get("references"),
        pii=_personal(meta.get("pii"), f"{where}.{column['name']}"),
        pii_where=next(iter((meta.get("pii_where") or {}).items()), None),
        keeps=tuple(str(word) for word in _strings(meta.get("keeps"))),
        aliases=tuple(str(v) for v in _strings(meta.get("aliases"))),
    )


def _personal(declared: object, where: str) -> str | None:
    if declared is None or declared in PERSONAL:
        return None if declared is None else str(declared)
    raise ContractError(f"{where}: pii {declared} is not one of {', '.join(PERSONAL)}")


def _range(declared: object, data_type: str, where: str) -> tuple[int | float, int | float] | None:
    if declared is None:
        return None
    if not data_type.startswith(_NUMBER):
        raise ContractError(f"{where}: a range is for numbers, not for {data_type}")
    match declared:
        case [int() | float() as low, int() | float() as high] if low <= high:
            return low, high
    raise ContractError(f"{where}: range {declared} is not [lowest, highest]")


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `meta` of a node: under `config` since dbt 1.10, at the top before."""
    config = node.get("config") or {}
    return config.get("meta") or node.get("meta") or {}


def _strings(value: object) -> Iterable[object]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)
