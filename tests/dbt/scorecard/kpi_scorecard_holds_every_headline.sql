-- Every headline of kpi_values in a grain of the scorecard stands in it once, with its own value: no
-- period is unknown to the calendar, no comparison or target doubles a number.
{{ config(meta={'dagster': {'ref': {'name': 'kpi_scorecard'}}}) }}
{%- set grains = kpi_grains(var('scorecard_grains')) %}
with cells as (
    select
        kpi_id,
        period_grain,
        count(*) as cell_count,
        count(kpi_value) as values_known
    from {{ ref('kpi_values') }}
    where
        variant = 'headline'
        and period_grain in ('{{ grains | join("', '") }}')
    group by
        kpi_id,
        period_grain
),

scorecard as (
    select
        kpi_id,
        period_grain,
        count(*) as cell_count,
        count(kpi_value) as values_known
    from {{ ref('kpi_scorecard') }}
    group by
        kpi_id,
        period_grain
)

select
    coalesce(cells.kpi_id, scorecard.kpi_id) as kpi_id,
    coalesce(cells.period_grain, scorecard.period_grain) as period_grain,
    cells.cell_count,
    scorecard.cell_count as rows_of_scorecard
from cells
full outer join scorecard
    on
        cells.kpi_id = scorecard.kpi_id
        and cells.period_grain = scorecard.period_grain
where
    cells.cell_count is distinct from scorecard.cell_count
    or cells.values_known is distinct from scorecard.values_known
