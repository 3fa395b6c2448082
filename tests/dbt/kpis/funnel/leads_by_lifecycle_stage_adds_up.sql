-- The stages, customers and disqualified leads included, add up to all leads on every day.
{{ config(meta={'dagster': {'ref': {'name': 'leads_by_lifecycle_stage'}}}) }}
with cells as (
    select * from {{ ref('leads_by_lifecycle_stage') }}
    where dimension in ('all', 'stage')
)

select
    period_grain,
    period_start,
    sum(case when dimension = 'all' then numerator end) as leads,
    sum(case when dimension = 'stage' then numerator end) as leads_of_stages
from cells
group by period_grain, period_start
having
    sum(case when dimension = 'all' then numerator end)
    is distinct from sum(case when dimension = 'stage' then numerator end)
