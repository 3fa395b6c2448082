-- Every lost deal has one reason and was lost in one stage: the shares of each add up to 1.
{{ config(meta={'dagster': {'ref': {'name': 'loss_reason_share'}}}) }}
with cells as (
    select * from {{ ref('loss_reason_share') }}
    where dimension in ('loss_reason', 'stage')
)

select
    period_grain,
    period_start,
    dimension,
    sum(numerator) as lost_of_members,
    max(denominator) as lost
from cells
group by period_grain, period_start, dimension
having sum(numerator) <> max(denominator) or min(denominator) <> max(denominator)
