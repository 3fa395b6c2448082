-- One row per deal that counts and product in it, in the reporting currency at the deal's date.
with products as (
    select * from {{ ref('opportunity_products') }}
    where not is_deleted
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

catalogue as (
    select * from {{ ref('products') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
)

select
    products.opportunity_id,
    products.product_id,
    coalesce(catalogue.product_family, 'unassigned') as product_family,
    opportunities.owner_rep_id,
    opportunities.close_team_id,
    opportunities.segment,
    opportunities.opportunity_type,
    opportunities.outcome,
    opportunities.created_on,
    opportunities.closed_on,
    products.quantity,
    {{ convert('products.unit_price', 'opportunities.currency', 'exchange_rates.rate') }}
        as unit_price,
    {{ convert(
        product_of('products.quantity', 'products.unit_price'),
        'opportunities.currency',
        'exchange_rates.rate',
    ) }} as amount,
    {{ convert(
        product_of('products.quantity', 'products.list_unit_price'),
        'opportunities.currency',
        'exchange_rates.rate',
    ) }} as list_amount,
    {{ convert(
        product_of('products.quantity', '(products.list_unit_price - products.unit_price)'),
        'opportunities.currency',
        'exchange_rates.rate',
    ) }} as discount_amount,
    {{ product_of(
        'products.quantity', '(products.list_unit_price - products.unit_price)'
    ) }} as discount_in_currency
from products
inner join opportunities
    on products.opportunity_id = opportunities.opportunity_id
left join catalogue
    on products.product_id = catalogue.product_id
left join exchange_rates
    on
        opportunities.currency = exchange_rates.currency
        and coalesce(opportunities.closed_on, opportunities.created_on) = exchange_rates.valid_on
