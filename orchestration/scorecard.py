"""A short scorecard of a published file, for the terminal and for Dagster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import load_settings

_KPIS = """
with latest as (
    select
        *,
        row_number() over (
            partition by kpi_id order by is_matured desc, period_start desc
        ) as position
    from scorecard.kpi_scorecard
    where dimension = 'all' and period_grain = 'month' and is_complete_period
)

select
    c.area,
    c.name_en,
    c.unit,
    latest.period_start,
    latest.kpi_value,
    latest.previous_value,
    latest.last_year_value,
    latest.target_value,
    latest.target_status,
    latest.trend,
    coalesce(latest.is_larger_than_chance, false)
from scorecard.kpi_catalogue as c
left join latest on c.kpi_id = latest.kpi_id and latest.position = 1
order by c.area, c.kpi_id
"""

# The tree with the most goals; of two as large, the later one.
_GOALS = """
with trees as (
    select root_goal_id
    from analyses.an_goal_tree
    group by root_goal_id
    order by count(*) desc, max(period_start) desc, root_goal_id
    limit 1
)

select
    g.goal_level,
    case when g.dimension = 'all' then '' else g.dimension || ' ' || g.dimension_value || ': ' end
        || case when g.is_measured then c.name_en else g.measure_id end
        || case g.value_type when 'task' then ' (tasks)' when 'boolean' then ' (done or not)'
            else '' end,
    g.unit,
    g.target_value,
    g.actual_value,
    g.gap,
    g.progress,
    g.is_on_track,
    g.parts_gap
from analyses.an_goal_tree as g
inner join trees on g.root_goal_id = trees.root_goal_id
left join scorecard.kpi_catalogue as c on g.measure_id = c.kpi_id
order by g.path
"""


def scorecard(published_file: Path) -> str:
    """Every KPI of a published file in its last complete and matured month, and its largest goal.

    Values are in the unit of the catalogue; a dash stands for no value, which is not 0.
    """
    with duckdb.connect(str(published_file), read_only=True) as con:
        publication = con.execute(
            "select as_of_date, reporting_currency from scorecard.publication"
        ).fetchone()
        kpis = con.execute(_KPIS).fetchall()
        goals = con.execute(_GOALS).fetchall()
    if publication is None:
        raise ValueError(f"{published_file} holds no publication row")
    as_of_date, currency = publication
    lines = [
        f"Sales KPIs as of {as_of_date}, money in {currency}; * moved by more than chance",
        "",
        *_kpi_lines(kpis),
    ]
    if goals:
        lines += ["", "The largest goal and its parts", "", *_goal_lines(goals)]
    return "\n".join(lines)


def _kpi_lines(rows: list[tuple[Any, ...]]) -> list[str]:
    lines = [
        f"{'':9} {'KPI':33} {'month':7} {'value':>11}   {'before':>11} {'last year':>11} "
        f"{'target':>11} {'status':7} trend"
    ]
    previous_area = None
    for area, name, unit, month, value, before, last_year, target, status, trend, is_beyond in rows:
        lines.append(
            f"{area if area != previous_area else '':9} {name[:33]:33} "
            f"{month.strftime('%Y-%m') if month else '-':7} {_shown(value, unit):>11} "
            f"{'*' if is_beyond else ' '} {_shown(before, unit):>11} "
            f"{_shown(last_year, unit):>11} {_shown(target, unit):>11} {status or '-':7} "
            f"{trend or '-'}"
        )
        previous_area = area
    return lines


def _goal_lines(rows: list[tuple[Any, ...]]) -> list[str]:
    lines = [
        f"{'goal':48} {'target':>11} {'actual':>11} {'missing':>11} {'progress':>8} "
        f"{'on track':8} {'parts gap':>11}"
    ]
    for level, name, unit, target, actual, gap, progress, is_on_track, parts_gap in rows:
        indented = f"{'  ' * (level - 1)}{name}"
        on_track = "-" if is_on_track is None else "yes" if is_on_track else "no"
        lines.append(
            f"{indented[:48]:48} {_shown(target, unit):>11} {_shown(actual, unit):>11} "
            f"{_shown(gap, unit):>11} {_shown(progress, 'share'):>8} {on_track:8} "
            f"{_shown(parts_gap, unit):>11}"
        )
    return lines


def _shown(value: float | None, unit: str | None) -> str:
    if value is None:
        return "-"
    if unit == "share":
        return f"{value:.1%}"
    if unit in ("days", "months"):
        return f"{value:.1f} {unit[0] if unit == 'days' else 'mo'}"
    if unit in ("ratio", "points"):
        return f"{value:,.2f}"
    return f"{value:,.0f}" + (" min" if unit == "minutes" else "")


if __name__ == "__main__":
    print(scorecard(load_settings().published_file))
