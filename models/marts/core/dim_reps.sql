-- One row per rep, with the team and territory of today; facts carry those of their own day.
with reps as (
    select * from {{ ref('reps') }}
),

teams as (
    select * from {{ ref('teams') }}
),

territories as (
    select * from {{ ref('territories') }}
)

select
    reps.rep_id,
    reps.full_name,
    reps.role,
    reps.team_id,
    teams.team_name,
    reps.territory_id,
    territories.territory_name,
    territories.region,
    reps.hired_on,
    reps.terminated_on,
    reps.time_zone,
    reps.calendar_id,
    reps.is_deleted
from reps
left join teams
    on reps.team_id = teams.team_id
left join territories
    on reps.territory_id = territories.territory_id
