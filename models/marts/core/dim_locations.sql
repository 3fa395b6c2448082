-- One row per location, deleted ones included and marked, so that old facts keep their labels.
with locations as (
    select * from {{ ref('locations') }}
)

select
    location_id,
    location_name,
    location_kind,
    region,
    time_zone,
    opened_on,
    closed_on,
    is_deleted
from locations
