-- Price parity share: of the products with a fresh competitor price, the share whose price is so
-- near to the cheapest that it could be matched.
with cheapest as (
    select * from {{ ref('fct_cheapest_prices') }}
),

records as (
    select
        'headline' as variant,
        product_id as record_id,
        entered_on,
        left_on,
        is_within_tolerance as numerator,
        true as denominator,
        product_family,
        null as region
    from cheapest
    where scope = 'all_regions'
    union all
    select
        'by_region' as variant,
        product_id || '/' || region as record_id,
        entered_on,
        left_on,
        is_within_tolerance as numerator,
        true as denominator,
        product_family,
        region
    from cheapest
    where scope = 'region'
)

{{ kpi(
    'price_parity_share',
    kind='rate',
    time_basis='snapshot',
    dimensions=['product_family', 'region'],
    variants={'headline': {}, 'by_region': {}},
    grains=month_grains(),
) }}
