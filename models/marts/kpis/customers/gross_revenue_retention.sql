-- Gross revenue retention: of the recurring revenue at the start of a period, the share still there
-- at its end. No account counts with more than it had.
with periods as (
    select * from {{ ref('fct_customer_periods') }}
),

records as (
    select
        account_id as record_id,
        period_grain,
        period_start,
        least(mrr_at_end, mrr_at_start) as numerator,
        mrr_at_start as denominator,
        rep_id as rep,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from periods
    where is_active_at_start
)

{{ kpi(
    'gross_revenue_retention',
    kind='ratio',
    time_basis='cohort',
    by_period=true,
    grains=month_grains(),
    dimensions=['rep', 'account_manager', 'segment', 'vertical'],
    matures_after={'days': var('churn_grace_days') + 1},
) }}
