-- Existing client engagement: touches with customers in a period over the customers of the period.
-- A customer whom nobody touched stays in the denominator.
with customers as (
    select * from {{ ref('fct_customer_periods') }}
),

touches as (
    select * from {{ ref('fct_activities') }}
    where is_human and is_with_customer
),

days as (
    {{ period_days('(select min(touches.occurred_on) from touches)', kpi_grains(month_grains()))
        | indent(4) }}
),

touch_days as (
    select
        account_id,
        occurred_on,
        count(*) as touches,
        count(case when direction = 'inbound' then 1 end) as inbound_touches
    from touches
    group by account_id, occurred_on
),

counted as (
    select
        touch_days.account_id,
        days.period_grain,
        days.period_start,
        sum(touch_days.touches) as touches,
        sum(touch_days.inbound_touches) as inbound_touches
    from touch_days
    inner join days
        on touch_days.occurred_on = days.day
    group by touch_days.account_id, days.period_grain, days.period_start
),

records as (
    {%- for variant, measure in [
        ('headline', 'touches'), ('customer_initiated', 'inbound_touches')
    ] %}
    select
        '{{ variant }}' as variant,
        customers.account_id as record_id,
        customers.period_grain,
        customers.period_start,
        coalesce(counted.{{ measure }}, 0) as numerator,
        1 as denominator,
        customers.account_manager_rep_id as account_manager,
        customers.segment,
        customers.vertical
    from customers
    left join counted
        on
            customers.account_id = counted.account_id
            and customers.period_grain = counted.period_grain
            and customers.period_start = counted.period_start
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'avg_touches_per_customer',
    kind='ratio',
    by_period=true,
    grains=month_grains(),
    dimensions=['account_manager', 'segment', 'vertical'],
    variants={'headline': {}, 'customer_initiated': {}},
) }}
