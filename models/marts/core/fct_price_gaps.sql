-- One row per product, competitor, region and time in which our price can be compared with theirs.
with gaps as (
    select * from {{ ref('int_price_gaps') }}
),

products as (
    select * from {{ ref('products') }}
),

competitors as (
    select * from {{ ref('competitors') }}
)

select
    gaps.product_id,
    coalesce(products.product_family, 'unassigned') as product_family,
    gaps.competitor_id,
    competitors.competitor_name,
    gaps.region,
    gaps.entered_on,
    gaps.left_on,
    gaps.observed_on,
    gaps.own_price,
    gaps.competitor_price,
    gaps.own_price - gaps.competitor_price as price_difference
from gaps
left join products
    on gaps.product_id = products.product_id
left join competitors
    on gaps.competitor_id = competitors.competitor_id
