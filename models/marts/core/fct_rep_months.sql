-- One row per rep and calendar month in which the rep was employed on any day, up to as_of_date;
-- with team and role of the first such day.
with reps as (
    select * from {{ ref('reps') }}
    where not is_deleted and hired_on <= {{ as_of_date() }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

days as (
    {{ day_spine('(select min(hired_on) from reps)', as_of_date()) | indent(4) }}
),

months as (
    select distinct
        {{ period_start('day', 'month') }} as month_start,
        {{ period_end(period_start('day', 'month'), 'month') }} as month_end,
        {{ add_months(period_start('day', 'month'), -1) }} as previous_month_start
    from days
),

employed as (
    select
        reps.rep_id,
        months.month_start,
        months.month_end,
        greatest(months.month_start, reps.hired_on) as first_day_on,
        reps.hired_on <= months.month_start
        and (reps.terminated_on is null or reps.terminated_on >= months.month_end)
            as is_whole_month,
        reps.hired_on <= months.previous_month_start
        and (reps.terminated_on is null or reps.terminated_on >= months.month_end)
            as is_whole_month_as_before,
        months.month_end <= {{ add_days(as_of_date(), 1) }} as is_complete_month
    from reps
    inner join months
        on
            reps.hired_on < months.month_end
            and (reps.terminated_on is null or reps.terminated_on > months.month_start)
)

select
    employed.rep_id,
    employed.month_start,
    employed.month_end,
    employed.first_day_on,
    employed.is_whole_month,
    employed.is_whole_month_as_before,
    employed.is_complete_month,
    coalesce(assignments.team_id, 'unassigned') as team_id,
    coalesce(assignments.territory_id, 'unassigned') as territory_id,
    coalesce(assignments.region, 'unassigned') as region,
    coalesce(assignments.role, 'unassigned') as role
from employed
left join assignments
    on
        employed.rep_id = assignments.rep_id
        and employed.first_day_on >= assignments.valid_from
        and employed.first_day_on < assignments.valid_to
