-- One row per promotion, deleted ones included and marked, so that old facts keep their labels.
with promotions as (
    select * from {{ ref('promotions') }}
)

select
    promotion_id,
    coalesce(promotion_type, 'unassigned') as promotion_type,
    location_id,
    product_id,
    starts_on,
    ends_on,
    is_deleted
from promotions
