-- One row per deal that counts and product in it, in the reporting currency at the deal's date.
with products as (
    select * from {{ ref('opportunity_products') }}
    where not is_deleted
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
)

select
    products.opportunity_id,
    products.product_id,
    opportunities.owner_rep_id,
    opportunities.opportunity_type,
    opportunities.outcome,
    opportunities.created_on,
    opportunities.closed_on,
    products.quantity,
    {{ convert('products.unit_price', 'opportunities.currency', 'exchange_rates.rate') }}
        as unit_price,
    {{ convert(
        'products.quantity * products.unit_price', 'opportunities.currency', 'exchange_rates.rate'
    ) }} as amount
from products
inner join opportunities
    on products.opportunity_id = opportunities.opportunity_id
left join exchange_rates
    on
        opportunities.currency = exchange_rates.currency
        and coalesce(opportunities.closed_on, opportunities.created_on) = exchange_rates.valid_on
