-- One row per onboarding of an employee that has begun by as_of_date.
with onboardings as (
    select
        onboarding_id,
        rep_id,
        started_at,
        {{ business_date('started_at') }} as started_on,
        case when {{ business_date('completed_at') }} <= {{ as_of_date() }} then completed_at end
            as completed_at
    from {{ ref('onboardings') }}
    where
        not is_deleted
        and subject_type = 'employee'
        and {{ business_date('started_at') }} <= {{ as_of_date() }}
),

reps as (
    select * from {{ ref('reps') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

dated as (
    select
        onboardings.*,
        {{ business_date('onboardings.completed_at') }} as completed_on,
        reps.hired_on,
        reps.terminated_on
    from onboardings
    left join reps
        on onboardings.rep_id = reps.rep_id
)

select
    dated.onboarding_id,
    coalesce(dated.rep_id, 'unassigned') as rep_id,
    dated.hired_on,
    dated.started_on,
    dated.completed_on,
    dated.completed_on is not null as is_completed,
    coalesce(dated.terminated_on <= coalesce(dated.completed_on, {{ as_of_date() }}), false)
        as has_left_before,
    -- One that ends before it begins is an error, and takes no time.
    case
        when dated.completed_at >= dated.started_at
            then {{ elapsed_days('dated.started_at', 'dated.completed_at') }}
    end as onboarding_days,
    case
        when dated.completed_on is null
            then {{ days_between('dated.started_on', as_of_date()) }}
    end as open_days,
    coalesce(at_start.team_id, 'unassigned') as start_team_id,
    coalesce(at_start.territory_id, 'unassigned') as start_territory_id,
    coalesce(at_start.role, 'unassigned') as start_role,
    coalesce(at_completion.team_id, 'unassigned') as completion_team_id,
    coalesce(at_completion.territory_id, 'unassigned') as completion_territory_id,
    coalesce(at_completion.role, 'unassigned') as completion_role
from dated
left join assignments as at_start
    on
        dated.rep_id = at_start.rep_id
        and dated.started_on >= at_start.valid_from
        and dated.started_on < at_start.valid_to
left join assignments as at_completion
    on
        dated.rep_id = at_completion.rep_id
        and dated.completed_on >= at_completion.valid_from
        and dated.completed_on < at_completion.valid_to
