-- One row per content asset, deleted ones included and marked, so that old facts keep their labels.
with collateral as (
    select * from {{ ref('collateral') }}
)

select
    collateral_id,
    title,
    collateral_type,
    is_deleted
from collateral
