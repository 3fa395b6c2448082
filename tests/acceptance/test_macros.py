"""Macros whose result depends on what the company has chosen."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.warehouse import Warehouse, run_parsed
from tests.environment import environment_of


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        # 2026-02-28 is a Saturday.
        (
            {"week_start": 1, "fiscal_year_start_month": 1},
            ["2026-02-23", "2026-03-02", "2026-01-01", "2026-01-01"],
        ),
        # A week from Saturday begins on the day itself; a fiscal year from April began in 2025,
        # its last quarter on January 1.
        (
            {"week_start": 6, "fiscal_year_start_month": 4},
            ["2026-02-28", "2026-03-07", "2026-01-01", "2025-04-01"],
        ),
        # A week from Sunday began six days before; fiscal quarters from December.
        (
            {"week_start": 7, "fiscal_year_start_month": 12},
            ["2026-02-22", "2026-03-01", "2025-12-01", "2025-12-01"],
        ),
    ],
)
def test_weeks_and_fiscal_periods(
    variables: dict[str, int], expected: list[str], tmp_path: Path
) -> None:
    day = "date '2026-02-28'"
    query = f"""
        select
            {{{{ period_start("{day}", 'week') }}}} as week_start,
            {{{{ period_end(period_start("{day}", 'week'), 'week') }}}} as week_end,
            {{{{ period_start("{day}", 'fiscal_quarter') }}}} as fiscal_quarter,
            {{{{ period_start("{day}", 'fiscal_year') }}}} as fiscal_year
    """
    shown = Warehouse(tmp_path, date(2026, 2, 28), variables).dbt("show", "--inline", query)
    result: Any = shown.result
    assert shown.success, shown.exception
    row = result.results[0].agate_table.rows[0]
    assert [str(value)[:10] for value in row.values()] == expected


def test_without_a_day_to_count_to_nothing_is_built(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    compiled = run_parsed(["compile", "-s", "publication"], environment_of(tmp_path, "soon"))
    assert not compiled.success
    result: Any = compiled.result
    told = str(compiled.exception or [node.message for node in result.results])
    assert "Say which day is the last that counts" in told
