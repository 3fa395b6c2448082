-- Cross-sells won: how many deals for a family of products that was new to the customer were won.
-- A deal with several products counts once, and once in each of their families.
with expansions as (
    select * from {{ ref('fct_expansions') }}
    where opportunity_type = 'cross_sell' and is_won and is_of_customer
),

deal_products as (
    select * from {{ ref('fct_opportunity_products') }}
),

records as (
    select
        expansions.opportunity_id as record_id,
        expansions.closed_on as occurred_on,
        1 as numerator,
        expansions.rep_id as rep,
        expansions.team_id as team,
        expansions.segment,
        expansions.vertical,
        deal_products.product_family,
        expansions.tenure_bucket as tenure
    from expansions
    left join deal_products
        on expansions.opportunity_id = deal_products.opportunity_id
)

{{ kpi(
    'cross_sell_deals_won',
    kind='sum',
    distinct=true,
    dimensions=['rep', 'team', 'segment', 'vertical', 'product_family', 'tenure'],
) }}
