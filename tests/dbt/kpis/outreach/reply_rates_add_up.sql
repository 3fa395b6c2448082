-- Of the prospects first contacted, those with a positive or a negative last word and those without
-- one are all.
{{ config(meta={'dagster': {'ref': {'name': 'positive_reply_rate'}}}) }}
with cells as (
    select
        period_grain,
        period_start,
        dimension,
        dimension_value,
        numerator,
        case when variant = 'headline' then denominator else 0 end as denominator
    from {{ ref('positive_reply_rate') }}
    where variant in ('headline', 'unclassified')
    union all
    select
        period_grain,
        period_start,
        dimension,
        dimension_value,
        numerator,
        0 as denominator
    from {{ ref('negative_reply_rate') }}
    where variant = 'headline'
)

select
    period_grain,
    period_start,
    dimension,
    dimension_value,
    sum(numerator) as decided_or_silent,
    sum(denominator) as contacted
from cells
group by period_grain, period_start, dimension, dimension_value
having sum(numerator) <> sum(denominator)
