-- Net revenue retention: the recurring revenue at the end of a period from the customers of its
-- start, as a share of what they paid then. Above 1, expansion outweighs losses.
with periods as (
    select * from {{ ref('fct_customer_periods') }}
),

-- The first recurring revenue of a customer who had none at the start is new, not expansion.
records as (
    select
        account_id as record_id,
        period_grain,
        period_start,
        case when mrr_at_start > 0 then mrr_at_end else 0 end as numerator,
        mrr_at_start as denominator,
        rep_id as rep,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from periods
    where is_active_at_start
)

{{ kpi(
    'net_revenue_retention',
    kind='ratio',
    time_basis='cohort',
    by_period=true,
    grains=month_grains(),
    dimensions=['rep', 'account_manager', 'segment', 'vertical'],
    matures_after={'days': var('churn_grace_days') + 1},
) }}
