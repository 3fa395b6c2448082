-- Average days between customer touches: the mean gap between two days with a touch, first of each
-- customer, then over customers. A gap counts in the period of its later day.
with customers as (
    select * from {{ ref('fct_customer_periods') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

touch_days as (
    select distinct
        account_id,
        occurred_on
    from {{ ref('fct_activities') }}
    where is_human and is_with_customer
),

days as (
    {{ period_days('(select min(touch_days.occurred_on) from touch_days)',
        kpi_grains(month_grains())) | indent(4) }}
),

spaced as (
    select
        account_id,
        occurred_on,
        lag(occurred_on) over (partition by account_id order by occurred_on) as previous_on
    from touch_days
),

touched as (
    select
        spaced.account_id,
        days.period_grain,
        days.period_start,
        max(spaced.occurred_on) as last_touch_on,
        {{ ratio(
            'sum(' ~ days_between('spaced.previous_on', 'spaced.occurred_on') ~ ')',
            'count(spaced.previous_on)'
        ) }} as mean_gap
    from spaced
    inner join days
        on spaced.occurred_on = days.day
    group by spaced.account_id, days.period_grain, days.period_start
),

-- Touches in periods in which the account was no customer are the last ones of later periods too.
followed as (
    select
        customers.account_id,
        customers.period_grain,
        customers.period_start,
        customers.account_manager_rep_id,
        customers.segment,
        customers.is_active_at_end,
        customers.last_known_on,
        customers.customer_since_on,
        max(touched.last_touch_on) over (
            partition by
                coalesce(customers.account_id, touched.account_id),
                coalesce(customers.period_grain, touched.period_grain)
            order by coalesce(customers.period_start, touched.period_start)
            rows between unbounded preceding and current row
        ) as last_touch_on
    from customers
    full join touched
        on
            customers.account_id = touched.account_id
            and customers.period_grain = touched.period_grain
            and customers.period_start = touched.period_start
),

records as (
    select
        'headline' as variant,
        touched.account_id as record_id,
        touched.period_grain,
        touched.period_start,
        touched.mean_gap as numerator,
        1 as denominator,
        accounts.account_manager_rep_id as account_manager,
        accounts.segment
    from touched
    left join accounts
        on touched.account_id = accounts.account_id
    where touched.mean_gap is not null
    union all
    select
        'days_since_last_touch' as variant,
        account_id as record_id,
        period_grain,
        period_start,
        {{ days_between('coalesce(last_touch_on, customer_since_on)', 'last_known_on') }}
            as numerator,
        1 as denominator,
        account_manager_rep_id as account_manager,
        segment
    from followed
    where is_active_at_end
)

{{ kpi(
    'avg_days_between_touches',
    kind='average',
    by_period=true,
    grains=month_grains(),
    dimensions=['account_manager', 'segment'],
    variants={
        'headline': {'time_basis': 'event'},
        'days_since_last_touch': {'time_basis': 'snapshot'},
    },
) }}
