-- One row per territory, deleted ones included and marked, so that old facts keep their labels.
with territories as (
    select * from {{ ref('territories') }}
)

select
    territory_id,
    territory_name,
    region,
    is_deleted
from territories
