-- What the segments, the personas or the account managers bring adds up to what the company brings,
-- and so do their customers; where not, somebody is missing or counted twice.
{{ config(meta={'dagster': {'ref': {'name': 'an_clv_by_segment_persona'}}}) }}
with members as (
    select * from {{ ref('an_clv_by_segment_persona') }}
),

company as (
    select * from members
    where dimension = 'all'
),

totals as (
    select
        dimension,
        sum(revenue) as revenue,
        sum(customers) as customers,
        sum(account_months) as account_months,
        sum(losses) as losses
    from members
    group by dimension
)

select
    totals.dimension,
    totals.revenue,
    totals.customers,
    totals.account_months,
    totals.losses
from totals
inner join company
    on
        totals.revenue <> company.revenue
        or totals.customers <> company.customers
        or totals.account_months <> company.account_months
        or totals.losses <> company.losses
