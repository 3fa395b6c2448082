-- Money in and money out, to the cent: what the landed files say in each currency is what the facts
-- hold, what they hold is converted at the rate of its day, and every cut of a KPI adds up to it.
{{ config(meta={'dagster': {'ref': {'name': 'publication'}}}) }}
{%- set money = {'deals': 'amount', 'invoice lines': 'net_amount'} %}
with test_accounts as (
    select survivors.account_id
    from {{ ref('int_account_survivors') }} as survivors
    inner join {{ ref('int_accounts') }} as accounts
        on survivors.survivor_id = accounts.account_id
    where accounts.is_test
),

landed_deals as (
    {{ latest_landed(
        'opportunities', ['opportunity_id', 'account_id', 'created_at', 'amount', 'currency']
    ) | indent(4) }}
),

landed_invoices as (
    {{ latest_landed(
        'invoices', ['invoice_id', 'account_id', 'issued_at', 'status', 'currency']
    ) | indent(4) }}
),

landed_lines as (
    {{ latest_landed(
        'invoice_lines', ['invoice_line_id', 'invoice_id', 'net_amount']
    ) | indent(4) }}
),

landed_subscriptions as (
    {{ latest_landed(
        'subscription_periods',
        ['subscription_id', 'account_id', 'period_start', 'period_end', 'mrr', 'currency']
    ) | indent(4) }}
),

money_in as (
    select
        'deals' as what,
        landed_deals.currency,
        landed_deals.amount
    from landed_deals
    left join test_accounts
        on landed_deals.account_id = test_accounts.account_id
    where
        test_accounts.account_id is null
        and {{ business_date('landed_deals.created_at') }} <= {{ as_of_date() }}
    union all
    select
        'invoice lines' as what,
        landed_invoices.currency,
        landed_lines.net_amount as amount
    from landed_lines
    inner join landed_invoices
        on landed_lines.invoice_id = landed_invoices.invoice_id
    left join test_accounts
        on landed_invoices.account_id = test_accounts.account_id
    where
        test_accounts.account_id is null
        and landed_invoices.status <> 'void'
        and {{ business_date('landed_invoices.issued_at') }} <= {{ as_of_date() }}
    union all
    select
        'recurring revenue' as what,
        landed_subscriptions.currency,
        landed_subscriptions.mrr as amount
    from landed_subscriptions
    left join test_accounts
        on landed_subscriptions.account_id = test_accounts.account_id
    where
        test_accounts.account_id is null
        and landed_subscriptions.period_start <= {{ as_of_date() }}
        and (
            landed_subscriptions.period_end is null
            or landed_subscriptions.period_end > landed_subscriptions.period_start
        )
),

deals as (
    select
        opportunities.*,
        coalesce(closed_on, created_on) as priced_on
    from {{ ref('fct_opportunities') }} as opportunities
),

lines as (
    select
        invoice_lines.*,
        issued_on as priced_on
    from {{ ref('fct_invoice_lines') }} as invoice_lines
),

money_kept as (
    select
        'deals' as what,
        currency,
        amount_in_currency as amount
    from deals
    union all
    select
        'invoice lines' as what,
        currency,
        net_amount_in_currency as amount
    from lines
    union all
    select
        'recurring revenue' as what,
        currency,
        mrr_in_currency as amount
    from {{ ref('int_subscription_intervals') }}
),

both_sides as (
    select
        what || ', landed and kept' as what,
        coalesce(currency, 'no currency') as cut,
        amount as amount_in,
        0 as amount_out
    from money_in
    union all
    select
        what || ', landed and kept' as what,
        coalesce(currency, 'no currency') as cut,
        0 as amount_in,
        amount as amount_out
    from money_kept
    {%- for what, column in money.items() %}
    {%- set relation = {'deals': 'deals', 'invoice lines': 'lines'}[what] %}
    union all
    select
        '{{ what }}, kept and converted' as what,
        coalesce({{ relation }}.currency, 'no currency') as cut,
        case
            when {{ relation }}.currency = '{{ var("reporting_currency") }}'
                then {{ relation }}.{{ column }}_in_currency
            else round({{ relation }}.{{ column }}_in_currency * rates.rate, 2)
        end as amount_in,
        {{ relation }}.{{ column }} as amount_out
    from {{ relation }}
    left join {{ ref('int_exchange_rates') }} as rates
        on {{ relation }}.currency = rates.currency and {{ relation }}.priced_on = rates.valid_on
    {%- endfor %}
),

by_currency as (
    select
        what,
        cut,
        sum(amount_in) as amount_in,
        sum(amount_out) as amount_out
    from both_sides
    group by what, cut
),

-- What each KPI is to add up to, whatever it is cut by.
totals as (
    select
        'bookings_amount' as kpi_id,
        sum(amount) as amount
    from deals
    where is_won and opportunity_type <> 'renewal'
    union all
    select
        'net_sales_revenue' as kpi_id,
        sum(net_amount) as amount
    from lines
),

cells as (
    {%- for kpi in ['bookings_amount', 'net_sales_revenue'] %}
    select
        kpi_id,
        period_grain,
        dimension,
        numerator
    from {{ ref(kpi) }}
    where variant = 'headline'
    union all
    {%- endfor %}
    -- Cells that are to be there even if there are none.
    select
        kpi_id,
        grains.period_grain,
        'all' as dimension,
        0 as numerator
    from totals
    cross join (
        {%- for grain in kpi_grains() %}
        select '{{ grain }}' as period_grain{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as grains
),

by_cut as (
    select
        kpi_id,
        period_grain,
        dimension,
        sum(numerator) as amount
    from cells
    group by kpi_id, period_grain, dimension
),

recurring as (
    select
        period_grain,
        period_start,
        sum(mrr_at_end) as amount
    from {{ ref('fct_customer_periods') }}
    group by period_grain, period_start
)

select
    what,
    cut,
    amount_in,
    amount_out
from by_currency
where coalesce(amount_in, 0) <> coalesce(amount_out, 0)
union all
select
    by_cut.kpi_id as what,
    by_cut.period_grain || ' by ' || by_cut.dimension as cut,
    totals.amount as amount_in,
    by_cut.amount as amount_out
from by_cut
inner join totals
    on by_cut.kpi_id = totals.kpi_id
where coalesce(totals.amount, 0) <> by_cut.amount
union all
select
    'mrr_bridge' as what,
    bridge.period_grain || ' of ' || cast(bridge.period_start as {{ dbt.type_string() }}) as cut,
    recurring.amount as amount_in,
    bridge.mrr_at_end as amount_out
from {{ ref('mrr_bridge') }} as bridge
left join recurring
    on
        bridge.period_grain = recurring.period_grain
        and bridge.period_start = recurring.period_start
where bridge.dimension = 'all' and coalesce(recurring.amount, 0) <> bridge.mrr_at_end
