-- One row per rep, grain and period in which the rep was employed on at least one working day of
-- the own calendar, up to as_of_date; with team, territory and role of the last such day. A rep
-- whose calendar is unknown works every day.
{%- set grains = kpi_grains(month_grains()) %}
with employed_days as (
    select
        dimension_value as rep_id,
        day
    from {{ ref('int_active_member_days') }}
    where dimension = 'rep'
),

reps as (
    select * from {{ ref('reps') }}
),

working_days as (
    select * from {{ ref('dim_working_days') }}
    where is_working
),

calendars as (
    select distinct calendar_id
    from {{ ref('dim_working_days') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

worked_days as (
    select
        employed_days.rep_id,
        employed_days.day
    from employed_days
    inner join reps
        on employed_days.rep_id = reps.rep_id
    left join calendars
        on reps.calendar_id = calendars.calendar_id
    left join working_days
        on
            reps.calendar_id = working_days.calendar_id
            and employed_days.day = working_days.date_on
    where working_days.date_on is not null or calendars.calendar_id is null
),

periods as (
    {%- for grain in grains %}
    select
        worked_days.rep_id,
        cast('{{ grain }}' as {{ dbt.type_string() }}) as period_grain,
        {{ period_start('worked_days.day', grain) }} as period_start,
        max(worked_days.day) as last_active_on,
        count(*) as active_working_days
    from worked_days
    {%- if grain in jalali_grains() %}
    inner join {{ ref('dim_date') }} as calendar
        on worked_days.day = calendar.date_on
    {%- endif %}
    group by worked_days.rep_id, {{ period_start('worked_days.day', grain) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    periods.rep_id,
    periods.period_grain,
    periods.period_start,
    periods.last_active_on,
    periods.active_working_days,
    coalesce(assignments.team_id, 'unassigned') as team_id,
    coalesce(assignments.territory_id, 'unassigned') as territory_id,
    coalesce(assignments.region, 'unassigned') as region,
    coalesce(assignments.role, 'unassigned') as role
from periods
left join assignments
    on
        periods.rep_id = assignments.rep_id
        and periods.last_active_on >= assignments.valid_from
        and periods.last_active_on < assignments.valid_to
