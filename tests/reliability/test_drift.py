"""A schema that changes under way: nothing is lost, and what has changed is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.defs.landing import _metadata
from tests.reliability.desk import Desk, counts

pytestmark = pytest.mark.promise(2)

ABSENT = "optional columns absent: "


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def write(desk: Desk, kind: str, rows: list[dict[str, object]]) -> str:
    """A file of a kind with the columns of its first row."""
    name = f"deals.{kind}"
    if kind == "csv":
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        desk.put(name, "\n".join(lines) + "\n")
    elif kind == "jsonl":
        desk.put(name, "".join(json.dumps(row) + "\n" for row in rows))
    else:
        values = ", ".join(str(tuple(map(str, row.values()))) for row in rows)
        names = ", ".join(rows[0])
        desk.rows(
            f"copy (select * from (values {values}) as t ({names}))"
            f" to '{desk.folder / name}' (format parquet)"
        )
    return name


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_columns_come_and_go(desk: Desk, kind: str) -> None:
    name = write(
        desk,
        kind,
        [{"id": "d1", "amount": "5", "colour": "red"}, {"id": "d2", "amount": "6", "colour": "b"}],
    )
    (result,) = desk.land().files
    assert (result.path, counts(result)) == (f"crm/{name}", (2, 2, 0, 0))
    assert desk.landed("id", "amount", "days", "_extra") == [
        ("d1", "5", None, '{"colour":"red"}'),
        ("d2", "6", None, '{"colour":"b"}'),
    ]
    notes = [
        "unknown columns, kept in _extra: colour",
        ABSENT + "days, closed_on, created_at, opens_at, title",
    ]
    assert desk.rows("select notes from landing.files") == [(notes,)]
    assert list(result.notes) == notes


def test_nothing_is_noted_where_nothing_has_changed(desk: Desk) -> None:
    result = desk.one("deals.csv", "id,amount,days,closed_on,created_at,opens_at,title\nd1,,,,,,\n")
    assert result.notes == ()
    assert desk.rows("select notes from landing.files") == [([],)]


@pytest.mark.parametrize(
    ("found", "meant"),
    [("close_on", "closed_on"), ("Created", "created_at"), ("amountt", "amount"), ("shade", None)],
)
def test_a_renamed_column_is_suggested(desk: Desk, found: str, meant: str | None) -> None:
    result = desk.one("deals.csv", f"id,{found}\nd1,x\n")
    suggested = [note for note in result.notes if "looks like" in note]
    words = f"{found} looks like {meant}: rename it, or add it to the aliases of {meant}"
    assert suggested == ([words] if meant else [])
    # It is only a suggestion: the values stay in the column that the file has.
    assert desk.landed("closed_on", "created_at", "amount", "_extra") == [
        (None, None, None, f'{{"{found}":"x"}}')
    ]


def test_a_required_column_that_was_renamed_is_suggested(desk: Desk) -> None:
    reason = desk.refused("deals.csv", "ids,amount\nd1,5\n")
    assert reason.startswith("required column missing: id (is it 'ids'? rename it)")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_changed_type_goes_to_quarantine_row_by_row(desk: Desk, kind: str) -> None:
    rows = [("d1", "5"), ("d2", "five"), ("d3", "7"), ("d4", "2024-01-05")]
    write(desk, kind, [{"id": i, "days": d} for i, d in rows])
    (result,) = desk.land().files
    assert counts(result) == (4, 2, 2, 0)
    assert desk.landed("id", "days") == [("d1", "5"), ("d3", "7")]
    first = 2 if kind == "csv" else 1
    assert [row[:2] for row in desk.waiting()] == [(first + 1, "days"), (first + 3, "days")]
    assert desk.waiting()[0][2].startswith("days: 'five' is not an integer; correct the value")


def test_columns_in_another_order(desk: Desk) -> None:
    desk.one("deals_a.csv", "id,days,title\nd1,1,a\n")
    desk.one("deals_b.csv", "title,id,days\nb,d2,2\n")
    assert sorted(desk.landed("id", "days", "title")) == [("d1", "1", "a"), ("d2", "2", "b")]


def test_what_was_noted_shows_in_the_page(desk: Desk) -> None:
    desk.put("deals_a|b.csv", "id,colour\nd1,red\n")
    desk.put("deals_c.csv", "id,amount,days,closed_on,created_at,opens_at,title\nd2,,,,,,\n")
    shown = str(_metadata(desk.land())["notes"].value).splitlines()
    assert shown[:2] == ["| file | what was noted |", "|---|---|"]
    assert len(shown) == 3  # the file without notes is not there
    assert shown[2].startswith(
        "| crm/deals\\_a\\|b.csv | unknown columns, kept in \\_extra: colour; optional columns"
    )
