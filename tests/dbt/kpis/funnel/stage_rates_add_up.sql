-- Of the deals that reached a stage, those that went on, dropped off or are still open are all.
{{ config(meta={'dagster': {'ref': {'name': 'stage_conversion_rate'}}}) }}
with cells as (
    select
        period_grain,
        period_start,
        dimension,
        dimension_value,
        numerator,
        case when variant = 'headline' then denominator else 0 end as denominator
    from {{ ref('stage_conversion_rate') }}
    where variant in ('headline', 'still_open')
    union all
    select
        period_grain,
        period_start,
        dimension,
        dimension_value,
        numerator,
        0 as denominator
    from {{ ref('stage_drop_off_rate') }}
)

select
    period_grain,
    period_start,
    dimension,
    dimension_value,
    sum(numerator) as decided_or_open,
    sum(denominator) as reached
from cells
group by period_grain, period_start, dimension, dimension_value
having sum(numerator) <> sum(denominator)
