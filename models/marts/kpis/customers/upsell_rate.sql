-- Upsell rate: of the customers at the start of a period, the share that bought at least one
-- upsell within it. How many deals it took does not matter.
with customers as (
    select * from {{ ref('fct_customer_periods') }}
    where is_active_at_start
),

decided as (
    select * from {{ ref('fct_expansions') }}
    where opportunity_type = 'upsell' and (is_won or is_lost)
),

buyers as (
    select distinct
        customers.account_id,
        customers.period_grain,
        customers.period_start
    from customers
    inner join decided
        on
            customers.account_id = decided.account_id
            and decided.closed_on >= customers.period_start
            and decided.closed_on < customers.period_end
    where decided.is_won and decided.is_of_customer
),

records as (
    select
        'headline' as variant,
        customers.account_id as record_id,
        cast(null as date) as occurred_on,
        customers.period_grain,
        customers.period_start,
        buyers.account_id is not null as numerator,
        true as denominator,
        customers.account_manager_rep_id as account_manager,
        customers.segment,
        customers.vertical
    from customers
    left join buyers
        on
            customers.account_id = buyers.account_id
            and customers.period_grain = buyers.period_grain
            and customers.period_start = buyers.period_start
    union all
    -- Of the upsells that were decided, the share that was won.
    select
        'attempt_based' as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        cast(null as {{ dbt.type_string() }}) as period_grain,
        cast(null as date) as period_start,
        is_won as numerator,
        true as denominator,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from decided
)

{{ kpi(
    'upsell_rate',
    kind='rate',
    grains=month_grains(),
    dimensions=['account_manager', 'segment', 'vertical'],
    variants={
        'headline': {'time_basis': 'cohort', 'by_period': true},
        'attempt_based': {'time_basis': 'event'},
    },
) }}
