-- A deal has one primary competitor or none: their deals add up to those of the company.
{{ config(meta={'dagster': {'ref': {'name': 'competitor_win_rate'}}}) }}
with cells as (
    select * from {{ ref('competitor_win_rate') }}
    where variant = 'primary'
)

select
    period_grain,
    period_start,
    sum(case when dimension = 'all' then denominator else -denominator end) as decided_left,
    sum(case when dimension = 'all' then numerator else -numerator end) as won_left
from cells
-- Where the KPI is not cut by competitor, there is nothing to add up.
where exists (select 1 from cells as others where others.dimension = 'competitor')
group by period_grain, period_start
having
    sum(case when dimension = 'all' then denominator else -denominator end) <> 0
    or sum(case when dimension = 'all' then numerator else -numerator end) <> 0
