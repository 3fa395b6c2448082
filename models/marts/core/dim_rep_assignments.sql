-- One row per rep and assignment through time.
with assignments as (
    select * from {{ ref('int_rep_assignments') }}
)

select
    rep_id,
    team_id,
    territory_id,
    region,
    role,
    valid_from,
    valid_to
from assignments
