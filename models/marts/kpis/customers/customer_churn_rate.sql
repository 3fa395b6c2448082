-- Customer churn rate: of the customers at the start of a period, the share that was none at its
-- end.
with periods as (
    select * from {{ ref('fct_customer_periods') }}
),

records as (
    select
        'headline' as variant,
        account_id as record_id,
        period_grain,
        period_start,
        not is_active_at_end as numerator,
        true as denominator,
        rep_id as rep,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from periods
    where is_active_at_start
    union all
    -- Who is won and lost within one period is in no base, and would not be seen at all.
    select
        'newcomers' as variant,
        account_id as record_id,
        period_grain,
        period_start,
        not is_active_at_end as numerator,
        true as denominator,
        rep_id as rep,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from periods
    where is_acquired
)

{{ kpi(
    'customer_churn_rate',
    kind='rate',
    by_period=true,
    grains=month_grains(),
    dimensions=['rep', 'account_manager', 'segment', 'vertical'],
    variants={
        'headline': {
            'time_basis': 'cohort',
            'matures_after': {'days': var('churn_grace_days') + 1},
        },
        'newcomers': {
            'time_basis': 'cohort',
            'matures_after': {'days': var('churn_grace_days') + 1},
        },
    },
) }}
