"""What makes extracts real: late changes, deletions, repeated rows and files, and bad lines.

All of it is on top of the good rows: a pipeline that handles it ends up with the good rows alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from demo import company as co
from demo import deals as dl
from demo import writing
from demo.timeline import DAY, END, NONE, Ints
from demo.writing import Table, Writer

CHANGES = "_2025-12-31_changes"


@dataclass(frozen=True)
class BadLine:
    """A line that has to end up in quarantine, by what is wrong with it."""

    entity: str
    kind: str
    values: tuple[tuple[str, str], ...]


BAD_LINES = (
    BadLine("leads", "wrong_date", (
        ("lead_id", "BAD-1"), ("source_channel", "social"), ("motion", "inbound"),
        ("created_at", "31/02/2025 25:61"))),
    BadLine("leads", "missing_required", (
        ("lead_id", "BAD-2"), ("source_channel", "social"), ("motion", "inbound"))),
    BadLine("leads", "unknown_value", (
        ("lead_id", "BAD-3"), ("source_channel", "social"), ("motion", "sideways"),
        ("created_at", "2025-12-30T08:00:00Z"))),
    BadLine("leads", "missing_key", (
        ("source_channel", "social"), ("motion", "inbound"),
        ("created_at", "2025-12-30T08:00:00Z"))),
    BadLine("opportunities", "wrong_number", (
        ("opportunity_id", "BAD-5"), ("account_id", "A000000000"), ("owner_rep_id", "R0000"),
        ("opportunity_type", "new_business"), ("pipeline_id", "new_business"),
        ("stage_id", "nb_demo"), ("amount", "twelve"), ("currency", "USD"),
        ("created_at", "2025-12-30T08:00:00Z"))),
    BadLine("opportunities", "too_many_fields", (("opportunity_id", "BAD-6"),)),
    BadLine("accounts", "too_few_fields", (("account_id", "BAD-7"),)),
    BadLine("contacts", "wrong_date", (("contact_id", "BAD-8"), ("created_at", "yesterday"))),
)  # fmt: skip


def bad_text(header: list[str], bad: BadLine) -> str:
    """A bad line under a header; ragged where the kind says so."""
    values = dict(bad.values)
    fields = [values.get(name, "") for name in header]
    if bad.kind == "too_many_fields":
        fields += ["one", "two"]
    if bad.kind == "too_few_fields":
        fields = fields[:2]
    return ",".join(fields)


@dataclass(frozen=True)
class Late:
    """A table with old versions of some rows and rows deleted later, and the changes to it."""

    before: Table
    changes: Table
    changed: int
    deleted: int


def split_late(
    rng: Generator, key: str, old: Table, true: Table, changed: Ints, deleted: int
) -> Late:
    """Put late changes into a file of their own.

    `old` equals `true` except for what was not known yet in the rows `changed`. The rows to be
    deleted are copies under numbers of their own that nothing refers to.
    """
    n = writing.rows_in(true)
    junk = writing.take(old, rng.integers(0, n, deleted))
    numbers = np.arange(900_000, 900_000 + deleted)
    junk[key] = writing.Column(true[key].template, (numbers,))
    for name in junk:
        refers = name.startswith("merged_into") or name in ("converted_opportunity_id", "lead_id")
        if refers and name != key:
            junk[name] = writing.with_values(junk[name], np.arange(deleted), NONE)
    before = writing.stack(old, junk)
    changes = writing.stack(writing.take(true, changed), junk)
    kept = np.arange(len(changed) + deleted) < len(changed)
    late = np.full(len(kept), END)  # newer than every row of the first files
    changes = {
        name: column if name == key else writing.only_where(column, kept)
        for name, column in changes.items()
    }
    changes["updated_at"] = writing.at(late)
    changes["_deleted"] = writing.flag(~kept)
    return Late(before, changes, len(changed), deleted)


def _earlier(table: Table, changed: Ints, values: Mapping[str, float]) -> Table:
    """The table as it was before the late changes."""
    return {
        name: writing.with_values(column, changed, values[name]) if name in values else column
        for name, column in table.items()
    }


def late_versions(rng: Generator, tables: dict[str, Table], decided: Ints) -> dict[str, Late]:
    """Late changes of the main entities. `decided` is the close of each opportunity or NONE."""
    late: dict[str, Late] = {}
    recent = np.flatnonzero(decided >= END - 60 * DAY)
    recent = np.sort(rng.choice(recent, min(len(recent), 60), replace=False))
    old = _earlier(
        tables["opportunities"], recent,
        {"closed_at": NONE, "outcome": NONE, "loss_reason": NONE, "amount": np.nan},
    )  # fmt: skip
    kind = tables["opportunities"]["opportunity_type"].arrays[0][recent]
    stage = old["stage_id"].arrays[0].copy()
    stage[recent] = co.FIRST_STAGE[(kind != dl.NEW_BUSINESS).astype(int)]
    old["stage_id"] = writing.codes(co.STAGE_IDS, stage)
    late["opportunities"] = split_late(
        rng, "opportunity_id", old, tables["opportunities"], recent, 3
    )
    for entity, key, values in (
        ("leads", "lead_id",
         {"disqualified_at": NONE, "converted_opportunity_id": NONE, "owner_rep_id": NONE}),
        ("accounts", "account_id", {"segment": NONE, "merged_into_account_id": NONE}),
        ("contacts", "contact_id", {"buyer_persona": NONE}),
    ):  # fmt: skip
        n = writing.rows_in(tables[entity])
        changed = np.sort(rng.choice(n, max(5, min(n // 100, 400)), replace=False))
        old = _earlier(tables[entity], changed, values)
        late[entity] = split_late(rng, key, old, tables[entity], changed, 5)
    return late


def write_changes(writer: Writer, entity: str, late: Late) -> tuple[Path, list[BadLine]]:
    """The file of changes, with the bad lines of the entity at its end."""
    path = writer.write(entity, late.changes, CHANGES)
    header = path.read_text("utf-8").split("\n", 1)[0].split(",")
    bad = [line for line in BAD_LINES if line.entity == entity]
    writer.append_lines(path, [bad_text(header, line) for line in bad])
    return path, bad


def with_repeats(rng: Generator, table: Table, count: int) -> Table:
    """The table with some of its rows a second time, exactly."""
    n = writing.rows_in(table)
    again = rng.choice(n, count, replace=False)
    return writing.take(table, np.concatenate((np.arange(n), np.sort(again))))
