-- The parts of the bridge lead from its start to its end, an end is the next start, the members
-- make the company, and the ends are the recurring revenue of the customers.
{{ config(meta={'dagster': {'ref': {'name': 'mrr_bridge'}}}) }}
with bridge as (
    select * from {{ ref('mrr_bridge') }}
),

customer_periods as (
    select * from {{ ref('fct_customer_periods') }}
),

truths as (
    select
        period_grain,
        period_start,
        sum(coalesce(mrr_at_end, 0)) as mrr_at_end
    from customer_periods
    group by period_grain, period_start
),

linked as (
    select
        bridge.*,
        lag(mrr_at_end) over (
            partition by period_grain, dimension, dimension_value
            order by period_start
        ) as previous_end
    from bridge
),

dimensions as (
    select
        period_grain,
        period_start,
        dimension,
        sum(mrr_at_end) as mrr_at_end
    from bridge
    group by period_grain, period_start, dimension
)

select
    'does not close' as fault,
    period_grain,
    period_start,
    dimension,
    dimension_value
from linked
where
    mrr_at_start + revaluation + new + reactivation + expansion + contraction + churn <> mrr_at_end
    or new < 0
    or reactivation < 0
    or expansion < 0
    or contraction > 0
    or churn > 0
    or mrr_at_start <> coalesce(previous_end, 0)
union all
select
    'is not the revenue of the customers' as fault,
    dimensions.period_grain,
    dimensions.period_start,
    dimensions.dimension,
    '' as dimension_value
from dimensions
left join truths
    on
        dimensions.period_grain = truths.period_grain
        and dimensions.period_start = truths.period_start
where dimensions.mrr_at_end <> coalesce(truths.mrr_at_end, -1)
