-- The kind of each deal whose source names none. Without an earlier win of the account it is new
-- business; else upsell if it holds a product of a family that the account has bought by then, or
-- no product at all, and otherwise cross_sell.
with account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

opportunities as (
    select
        opportunities.opportunity_id,
        coalesce(account_survivors.survivor_id, opportunities.account_id) as account_id,
        opportunities.opportunity_type,
        opportunities.outcome,
        opportunities.created_at,
        opportunities.closed_at
    from {{ ref('opportunities') }} as opportunities
    left join account_survivors
        on opportunities.account_id = account_survivors.account_id
    where not opportunities.is_deleted
),

untyped as (
    select * from opportunities
    where opportunity_type is null
),

wins as (
    select * from opportunities
    where outcome = 'won'
),

families as (
    select distinct
        opportunity_products.opportunity_id,
        products.product_family
    from {{ ref('opportunity_products') }} as opportunity_products
    left join {{ ref('products') }} as products
        on opportunity_products.product_id = products.product_id
    where not opportunity_products.is_deleted
),

earlier_wins as (
    select
        untyped.opportunity_id,
        wins.opportunity_id as won_opportunity_id
    from untyped
    inner join wins
        on untyped.account_id = wins.account_id and wins.closed_at < untyped.created_at
),

of_customers as (
    select distinct opportunity_id
    from earlier_wins
),

with_products as (
    select distinct opportunity_id
    from families
),

of_owned_families as (
    select distinct earlier_wins.opportunity_id
    from earlier_wins
    inner join families as owned
        on earlier_wins.won_opportunity_id = owned.opportunity_id
    inner join families as offered
        on
            earlier_wins.opportunity_id = offered.opportunity_id
            and owned.product_family = offered.product_family
)

select
    untyped.opportunity_id,
    case
        when of_customers.opportunity_id is null then 'new_business'
        when with_products.opportunity_id is null then 'upsell'
        when of_owned_families.opportunity_id is not null then 'upsell'
        else 'cross_sell'
    end as opportunity_type
from untyped
left join of_customers
    on untyped.opportunity_id = of_customers.opportunity_id
left join with_products
    on untyped.opportunity_id = with_products.opportunity_id
left join of_owned_families
    on untyped.opportunity_id = of_owned_families.opportunity_id
