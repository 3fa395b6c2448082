-- One row per competitor, deleted ones included and marked, so that old facts keep their labels.
with competitors as (
    select * from {{ ref('competitors') }}
)

select
    competitor_id,
    competitor_name,
    is_deleted
from competitors
