-- One row per product and day on which it had a list price, in the reporting currency of that day.
with prices as (
    select * from {{ ref('int_list_prices') }}
),

products as (
    select * from {{ ref('products') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

days as (
    {{ day_spine("(select min(valid_from) from prices)", as_of_date()) | indent(4) }}
),

daily as (
    select
        prices.*,
        days.day
    from prices
    inner join days
        on prices.valid_from <= days.day and days.day < prices.valid_to
)

select
    daily.product_id,
    daily.day as priced_on,
    coalesce(products.product_family, 'unassigned') as product_family,
    {{ convert('daily.list_price', 'daily.currency', 'exchange_rates.rate') }} as list_price,
    daily.list_price as list_price_in_currency,
    daily.currency
from daily
left join products
    on daily.product_id = products.product_id
left join exchange_rates
    on daily.currency = exchange_rates.currency and daily.day = exchange_rates.valid_on
