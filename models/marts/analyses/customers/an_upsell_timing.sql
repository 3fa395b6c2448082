-- When customers buy more, what and to whom: of those who reach a month of being a customer and
-- have not bought yet, the share that buys in it for the first time. Milestone is the month in
-- which most do. A customer counts until it buys, is lost or as_of_date has come.
with customers as (
    select * from {{ ref('fct_customer_spells') }}
    where spell_number = 1
),

first_deals as (
    select * from {{ ref('fct_new_customers') }}
),

lines as (
    select * from {{ ref('fct_opportunity_products') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

expansions as (
    select * from {{ ref('fct_expansions') }}
    where is_won and is_of_customer
),

-- A first deal with products of two bundles puts its customer into both; `all` has each once.
owned as (
    select distinct
        customers.account_id,
        coalesce(products.bundle_id, 'unassigned') as owned_bundle_id
    from customers
    left join first_deals
        on customers.account_id = first_deals.account_id
    left join lines
        on first_deals.opportunity_id = lines.opportunity_id
    left join products
        on lines.product_id = products.product_id
    union all
    select
        account_id,
        'all' as owned_bundle_id
    from customers
),

sold as (
    select
        expansions.account_id,
        expansions.opportunity_id,
        expansions.opportunity_type,
        expansions.closed_on,
        coalesce(lines.product_family, 'unassigned') as product_family,
        coalesce(lines.product_id, 'unassigned') as product_id
    from expansions
    left join lines
        on expansions.opportunity_id = lines.opportunity_id
),

sales as (
    select
        'all' as product_family,
        'all' as product_id,
        account_id,
        opportunity_id,
        opportunity_type,
        closed_on
    from sold
    union all
    select
        product_family,
        'all' as product_id,
        account_id,
        opportunity_id,
        opportunity_type,
        closed_on
    from sold
    union all
    select
        product_family,
        product_id,
        account_id,
        opportunity_id,
        opportunity_type,
        closed_on
    from sold
),

ranked_sales as (
    select
        sales.*,
        row_number() over (
            partition by product_family, product_id, account_id
            order by closed_on, opportunity_id
        ) as position
    from sales
),

items as (
    select distinct
        product_family,
        product_id
    from sales
),

-- Each customer with each thing it could buy: the last day on which it had not bought it before.
followed as (
    select
        items.product_family,
        items.product_id,
        customers.account_id,
        customers.started_on,
        least(first_sales.closed_on, customers.lost_on, {{ as_of_date() }}) as last_on,
        case
            when first_sales.closed_on <= coalesce(customers.lost_on, first_sales.closed_on)
                then first_sales.opportunity_type
        end as bought_as,
        first_sales.closed_on is null and customers.lost_on is null as is_waiting
    from items
    cross join customers
    left join ranked_sales as first_sales
        on
            items.product_family = first_sales.product_family
            and items.product_id = first_sales.product_id
            and customers.account_id = first_sales.account_id
            and first_sales.position = 1
),

last_months as (
    select
        followed.*,
        cast(floor({{ months_between('started_on', 'last_on') }}) as integer) as tenure_month
    from followed
),

left_in_month as (
    select
        last_months.product_family,
        last_months.product_id,
        owned.owned_bundle_id,
        last_months.tenure_month,
        count(*) as customers,
        count(last_months.bought_as) as buyers,
        count(case when last_months.bought_as = 'upsell' then 1 end) as buyers_by_upsell,
        count(case when last_months.bought_as = 'cross_sell' then 1 end) as buyers_by_cross_sell,
        count(case when last_months.is_waiting then 1 end) as customers_still_in_month
    from last_months
    inner join owned
        on last_months.account_id = owned.account_id
    group by
        last_months.product_family,
        last_months.product_id,
        owned.owned_bundle_id,
        last_months.tenure_month
),

days as (
    {{ day_spine('(select min(customers.started_on) from customers)', as_of_date()) | indent(4) }}
),

first_start as (
    select min(started_on) as started_on from customers
),

tenure_months as (
    select distinct
        cast(floor({{ months_between('first_start.started_on', 'days.day') }}) as integer)
            as tenure_month
    from days
    cross join first_start
),

groups as (
    select distinct
        product_family,
        product_id,
        owned_bundle_id
    from left_in_month
),

-- Who leaves in a month or later has reached it.
reached as (
    select
        groups.product_family,
        groups.product_id,
        groups.owned_bundle_id,
        tenure_months.tenure_month,
        sum(left_in_month.customers) over (
            partition by
                groups.product_family,
                groups.product_id,
                groups.owned_bundle_id
            order by tenure_months.tenure_month desc
            rows between unbounded preceding and current row
        ) as customers_reached,
        coalesce(left_in_month.customers_still_in_month, 0) as customers_still_in_month,
        coalesce(left_in_month.buyers, 0) as buyers,
        coalesce(left_in_month.buyers_by_upsell, 0) as buyers_by_upsell,
        coalesce(left_in_month.buyers_by_cross_sell, 0) as buyers_by_cross_sell
    from groups
    cross join tenure_months
    left join left_in_month
        on
            groups.product_family = left_in_month.product_family
            and groups.product_id = left_in_month.product_id
            and groups.owned_bundle_id = left_in_month.owned_bundle_id
            and tenure_months.tenure_month = left_in_month.tenure_month
),

rated as (
    select
        reached.*,
        case
            when customers_reached >= {{ var('min_n') }}
                then {{ ratio('buyers', 'customers_reached') }}
        end as buying_rate,
        case
            when customers_reached >= {{ var('min_n') }}
                then round({{ wilson_bound('buyers', 'customers_reached', 'low') }}, 6)
        end as buying_rate_low,
        case
            when customers_reached >= {{ var('min_n') }}
                then round({{ wilson_bound('buyers', 'customers_reached', 'high') }}, 6)
        end as buying_rate_high
    from reached
    where customers_reached > 0
),

ranked as (
    select
        rated.*,
        row_number() over (
            partition by product_family, product_id, owned_bundle_id
            order by buying_rate desc nulls last, tenure_month asc
        ) as position
    from rated
),

milestones as (
    select
        product_family,
        product_id,
        owned_bundle_id,
        tenure_month as milestone_month
    from ranked
    where position = 1 and buying_rate > 0
)

select
    case
        when rated.product_family = 'all' then 'all'
        when rated.product_id = 'all' then 'product_family'
        else 'product'
    end as row_kind,
    rated.product_family,
    rated.product_id,
    rated.owned_bundle_id,
    rated.tenure_month,
    cast(rated.customers_reached as bigint) as customers_reached,
    rated.customers_still_in_month,
    rated.buyers,
    rated.buyers_by_upsell,
    rated.buyers_by_cross_sell,
    rated.buying_rate,
    rated.buying_rate_low,
    rated.buying_rate_high,
    milestones.milestone_month,
    rated.tenure_month = milestones.milestone_month as is_milestone
from rated
left join milestones
    on
        rated.product_family = milestones.product_family
        and rated.product_id = milestones.product_id
        and rated.owned_bundle_id = milestones.owned_bundle_id
