-- One row per team, deleted ones included and marked, so that old facts keep their labels.
with teams as (
    select * from {{ ref('teams') }}
)

select
    team_id,
    team_name,
    department,
    is_deleted
from teams
