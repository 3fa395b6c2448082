-- Average retail price: what a unit really sold for, weighed by the units sold.
with lines as (
    select * from {{ ref('fct_invoice_lines') }}
    where net_amount is not null
),

list_prices as (
    select * from {{ ref('fct_list_prices') }}
    where list_price is not null
),

records as (
    select
        'headline' as variant,
        invoice_line_id as record_id,
        issued_on as occurred_on,
        net_amount as numerator,
        quantity as denominator,
        product_id as product,
        product_family,
        location_id as location,
        location_region as region
    from lines
    union all
    -- What a unit was offered for: every product and day weighs the same.
    select
        'list_price' as variant,
        product_id as record_id,
        priced_on as occurred_on,
        list_price as numerator,
        1 as denominator,
        product_id as product,
        product_family,
        null as location,
        null as region
    from list_prices
)

{{ kpi(
    'avg_retail_price',
    kind='ratio',
    time_basis='event',
    dimensions=['product', 'product_family', 'location', 'region'],
    variants={'headline': {}, 'list_price': {}},
    grains=month_grains(),
) }}
