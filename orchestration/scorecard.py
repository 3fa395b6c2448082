"""A short scorecard of a published file, for the terminal and for Dagster."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.settings import load_settings

_QUERY = """
with headline as (
    select
        v.*,
        lag(v.kpi_value) over (partition by v.kpi_id order by v.period_start) as previous_value
    from scorecard.kpi_values as v
    where
        v.variant = 'headline'
        and v.dimension = 'all'
        and v.period_grain = 'month'
        and v.is_complete_period
),

latest as (
    select
        *,
        row_number() over (
            partition by kpi_id order by is_matured desc, period_start desc
        ) as position
    from headline
)

select
    c.area,
    c.name_en,
    c.unit,
    latest.period_start,
    latest.kpi_value,
    latest.previous_value,
    latest.sample_size
from scorecard.kpi_catalogue as c
left join latest on c.kpi_id = latest.kpi_id and latest.position = 1
order by c.area, c.kpi_id
"""


def scorecard(published_file: Path) -> str:
    """Every KPI of a published file in its last complete and matured month, as a text table.

    Values are in the unit of the catalogue; a dash stands for no value, which is not 0.
    """
    with duckdb.connect(str(published_file), read_only=True) as con:
        publication = con.execute(
            "select as_of_date, reporting_currency from scorecard.publication"
        ).fetchone()
        rows = con.execute(_QUERY).fetchall()
    if publication is None:
        raise ValueError(f"{published_file} holds no publication row")
    as_of_date, currency = publication
    lines = [
        f"Sales KPIs as of {as_of_date}, money in {currency}",
        "",
        f"{'':10} {'KPI':50} {'month':8} {'value':>14} {'before':>14} {'n':>8}",
    ]
    previous_area = None
    for area, name, unit, month, value, before, sample in rows:
        lines.append(
            f"{area if area != previous_area else '':10} {name[:50]:50} "
            f"{month.strftime('%Y-%m') if month else '-':8} {_shown(value, unit):>14} "
            f"{_shown(before, unit):>14} {sample if sample is not None else '-':>8}"
        )
        previous_area = area
    return "\n".join(lines)


def _shown(value: float | None, unit: str) -> str:
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
