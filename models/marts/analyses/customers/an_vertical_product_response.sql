-- Which verticals respond to which product: the share of a vertical's customers that bought more of
-- it in a period, beside the share of all customers.
{%- set kinds = ['upsell', 'cross_sell'] %}
with upsell_cells as (
    select * from {{ ref('upsell_rate') }}
    where
        variant = 'headline'
        and period_grain in ('quarter', 'year')
        and dimension in ('all', 'vertical')
),

cross_sell_cells as (
    select * from {{ ref('cross_sell_rate') }}
    where variant = 'headline'
),

customers as (
    select * from {{ ref('fct_customer_periods') }}
    where is_active_at_start and period_grain in ('quarter', 'year')
),

expansions as (
    select * from {{ ref('fct_expansions') }}
    where is_won and is_of_customer
),

lines as (
    select * from {{ ref('fct_opportunity_products') }}
),

sold as (
    select
        expansions.account_id,
        expansions.opportunity_type,
        expansions.closed_on,
        coalesce(lines.product_family, 'unassigned') as product_family,
        coalesce(lines.product_id, 'unassigned') as product_id
    from expansions
    left join lines
        on expansions.opportunity_id = lines.opportunity_id
),

products as (
    select distinct
        product_family,
        product_id
    from sold
),

bought as (
    select distinct
        customers.period_grain,
        customers.period_start,
        customers.account_id,
        customers.vertical,
        sold.opportunity_type,
        sold.product_id
    from customers
    inner join sold
        on
            customers.account_id = sold.account_id
            and sold.closed_on >= customers.period_start
            and sold.closed_on < customers.period_end
),

buyers as (
    select
        period_grain,
        period_start,
        vertical,
        product_id,
        count(case when opportunity_type = 'upsell' then 1 end) as upsell_buyers,
        count(case when opportunity_type = 'cross_sell' then 1 end) as cross_sell_buyers
    from bought
    group by period_grain, period_start, vertical, product_id
    union all
    select
        period_grain,
        period_start,
        'all' as vertical,
        product_id,
        count(case when opportunity_type = 'upsell' then 1 end) as upsell_buyers,
        count(case when opportunity_type = 'cross_sell' then 1 end) as cross_sell_buyers
    from bought
    group by period_grain, period_start, product_id
),

-- Customers, and buyers of any product, are those of the rates.
bases as (
    select
        upsell_cells.period_grain,
        upsell_cells.period_start,
        upsell_cells.is_complete_period,
        upsell_cells.dimension_value as vertical,
        cast(upsell_cells.denominator as bigint) as customers,
        cast(upsell_cells.numerator as bigint) as upsell_buyers,
        cast(coalesce(cross_sell_cells.numerator, 0) as bigint) as cross_sell_buyers
    from upsell_cells
    left join cross_sell_cells
        on
            upsell_cells.period_grain = cross_sell_cells.period_grain
            and upsell_cells.period_start = cross_sell_cells.period_start
            and upsell_cells.dimension = cross_sell_cells.dimension
            and upsell_cells.dimension_value = cross_sell_cells.dimension_value
),

responses as (
    select
        bases.period_grain,
        bases.period_start,
        bases.is_complete_period,
        bases.vertical,
        products.product_family,
        products.product_id,
        bases.customers,
        coalesce(buyers.upsell_buyers, 0) as upsell_buyers,
        coalesce(buyers.cross_sell_buyers, 0) as cross_sell_buyers
    from bases
    cross join products
    left join buyers
        on
            bases.period_grain = buyers.period_grain
            and bases.period_start = buyers.period_start
            and bases.vertical = buyers.vertical
            and products.product_id = buyers.product_id
    union all
    select
        period_grain,
        period_start,
        is_complete_period,
        vertical,
        'all' as product_family,
        'all' as product_id,
        customers,
        upsell_buyers,
        cross_sell_buyers
    from bases
),

compared as (
    select
        responses.*,
        company.customers as company_customers,
        company.upsell_buyers as company_upsell_buyers,
        company.cross_sell_buyers as company_cross_sell_buyers
    from responses
    inner join responses as company
        on
            responses.period_grain = company.period_grain
            and responses.period_start = company.period_start
            and responses.product_id = company.product_id
            and company.vertical = 'all'
),

rated as (
    select
        {%- for kind in kinds %}
        {%- for side in ['', 'company_'] %}
        case
            when {{ side }}customers >= {{ var('min_n') }}
                then {{ ratio(side ~ kind ~ '_buyers', side ~ 'customers') }}
        end as {{ side }}{{ kind }}_rate,
        {%- endfor %}
        case
            when customers >= {{ var('min_n') }}
                then round({{ wilson_bound(kind ~ '_buyers', 'customers', 'low') }}, 6)
        end as {{ kind }}_rate_low,
        case
            when customers >= {{ var('min_n') }}
                then round({{ wilson_bound(kind ~ '_buyers', 'customers', 'high') }}, 6)
        end as {{ kind }}_rate_high,
        {%- endfor %}
        compared.*
    from compared
)

select
    period_grain,
    period_start,
    vertical,
    product_family,
    product_id,
    customers,
    company_customers,
    {%- for kind in kinds %}
    {{ kind }}_buyers,
    {{ kind }}_rate,
    company_{{ kind }}_buyers,
    company_{{ kind }}_rate,
    {{ ratio(kind ~ '_rate', 'company_' ~ kind ~ '_rate') }} as {{ kind }}_lift,
    {{ kind }}_rate_low,
    {{ kind }}_rate_high,
    case
        -- Where hardly anybody bought, the verticals of those few look eager by themselves.
        when vertical = 'all' or company_{{ kind }}_buyers < {{ var('min_n') }} then null
        when {{ kind }}_rate_low > company_{{ kind }}_rate then 'more'
        when {{ kind }}_rate_high < company_{{ kind }}_rate then 'less'
        when {{ kind }}_rate is not null then 'alike'
    end as {{ kind }}_verdict,
    {%- endfor %}
    is_complete_period
from rated
