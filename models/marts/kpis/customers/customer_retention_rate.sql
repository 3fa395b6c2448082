-- Customer retention rate: of the customers at the start of a period, the share that still was one
-- at its end. Customers won in between are on neither side.
with periods as (
    select * from {{ ref('fct_customer_periods') }}
),

records as (
    select
        account_id as record_id,
        period_grain,
        period_start,
        is_active_at_end as numerator,
        true as denominator,
        rep_id as rep,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from periods
    where is_active_at_start
)

{{ kpi(
    'customer_retention_rate',
    kind='rate',
    time_basis='cohort',
    by_period=true,
    grains=month_grains(),
    dimensions=['rep', 'account_manager', 'segment', 'vertical'],
    matures_after={'days': var('churn_grace_days') + 1},
) }}
