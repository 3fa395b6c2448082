-- Average revenue per account: what was invoiced in a period over the customers of that period.
-- A customer who was billed nothing stays in the denominator.
with customers as (
    select * from {{ ref('fct_customer_periods') }}
),

lines as (
    select * from {{ ref('fct_invoice_lines') }}
    where net_amount is not null
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

days as (
    {{ period_days('(select min(lines.issued_on) from lines)', kpi_grains(month_grains()))
        | indent(4) }}
),

billed_days as (
    select
        account_id,
        issued_on,
        segment,
        vertical,
        sum(net_amount) as amount
    from lines
    group by account_id, issued_on, segment, vertical
),

records as (
    select
        billed_days.account_id as record_id,
        days.period_grain,
        days.period_start,
        billed_days.amount as numerator,
        0 as denominator,
        accounts.account_manager_rep_id as account_manager,
        billed_days.segment,
        billed_days.vertical
    from billed_days
    inner join days
        on billed_days.issued_on = days.day
    left join accounts
        on billed_days.account_id = accounts.account_id
    union all
    select
        account_id as record_id,
        period_grain,
        period_start,
        0 as numerator,
        1 as denominator,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from customers
)

{{ kpi(
    'avg_revenue_per_account',
    kind='ratio',
    by_period=true,
    grains=month_grains(),
    dimensions=['account_manager', 'segment', 'vertical'],
) }}
