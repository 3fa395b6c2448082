-- Team, territory and role of each rep through time, without gaps: an assignment lasts until the
-- next one, the first reaches back to the beginning. Without a history, today's team holds always.
with reps as (
    select * from {{ ref('reps') }}
),

history as (
    select * from {{ ref('rep_assignment_history') }}
    where not is_deleted
),

territories as (
    select * from {{ ref('territories') }}
),

dated as (
    select
        rep_id,
        team_id,
        territory_id,
        role,
        {{ business_date('valid_from') }} as valid_from,
        row_number() over (
            partition by rep_id, {{ business_date('valid_from') }}
            order by valid_from desc
        ) as recency
    from history
),

with_history as (
    select distinct rep_id
    from dated
),

assignments as (
    select
        rep_id,
        team_id,
        territory_id,
        role,
        valid_from
    from dated
    where recency = 1
    union all
    select
        reps.rep_id,
        reps.team_id,
        reps.territory_id,
        reps.role,
        reps.hired_on as valid_from
    from reps
    left join with_history
        on reps.rep_id = with_history.rep_id
    where with_history.rep_id is null
),

numbered as (
    select
        assignments.*,
        row_number() over (partition by rep_id order by valid_from) as position,
        lead(valid_from) over (partition by rep_id order by valid_from) as next_valid_from
    from assignments
)

select
    numbered.rep_id,
    numbered.team_id,
    coalesce(numbered.territory_id, 'unassigned') as territory_id,
    coalesce(territories.region, 'unassigned') as region,
    numbered.role,
    case
        when numbered.position = 1 then cast('1900-01-01' as date)
        else numbered.valid_from
    end as valid_from,
    coalesce(numbered.next_valid_from, cast('9999-12-31' as date)) as valid_to
from numbered
left join territories
    on numbered.territory_id = territories.territory_id
