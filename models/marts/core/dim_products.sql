-- One row per product, deleted ones included and marked, so that old facts keep their labels.
with products as (
    select * from {{ ref('products') }}
)

select
    product_id,
    product_name,
    product_family,
    bundle_id,
    tier_rank,
    is_deleted
from products
