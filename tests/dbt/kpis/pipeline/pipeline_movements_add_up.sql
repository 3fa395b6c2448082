-- The movements of a period and member add up to the change of its open pipeline.
{{ config(meta={'dagster': {'ref': {'name': 'pipeline_growth'}}}) }}
with cells as (
    select * from {{ ref('pipeline_growth') }}
)

select
    period_grain,
    period_start,
    dimension,
    dimension_value,
    sum(case when variant = 'headline' then numerator else 0 end) as growth,
    sum(case when variant <> 'headline' then numerator else 0 end) as movements
from cells
group by period_grain, period_start, dimension, dimension_value
having
    sum(case when variant = 'headline' then numerator else 0 end)
    <> sum(case when variant <> 'headline' then numerator else 0 end)
