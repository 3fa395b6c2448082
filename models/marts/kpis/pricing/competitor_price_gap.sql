-- Price gap to competitor: by which share our list price is above the competitors' on the last day
-- of a period, as long as their price was seen lately.
with gaps as (
    select * from {{ ref('fct_price_gaps') }}
),

records as (
    select
        product_id || '/' || competitor_id || '/' || region as record_id,
        entered_on,
        left_on,
        price_difference as numerator,
        competitor_price as denominator,
        product_id as product,
        product_family,
        competitor_id as competitor,
        region
    from gaps
)

{{ kpi(
    'competitor_price_gap',
    kind='ratio',
    time_basis='snapshot',
    dimensions=['product', 'product_family', 'competitor', 'region'],
) }}
