-- The outbound touches of each person, one for those of a type in quick succession: a touch less
-- than touch_gap_minutes after the one counted before is the same touch. The gap starts at what was
-- counted, so a long run of quick touches has several; of one run max_touches + 1 are looked for.
{%- set gap_seconds = var('touch_gap_minutes') * 60 %}
with touches as (
    select distinct
        person_id,
        coalesce(activity_type, 'unassigned') as activity_type,
        occurred_at
    from {{ ref('int_activities') }}
    where is_outbound_touch and person_id is not null
),

stepped as (
    select
        touches.*,
        lag(occurred_at) over (partition by person_id, activity_type order by occurred_at)
            as previous_at
    from touches
),

marked as (
    select
        stepped.*,
        previous_at is null
        or {{ seconds_between('previous_at', 'occurred_at') }} >= {{ gap_seconds }} as starts_run
    from stepped
),

runs as (
    select
        marked.*,
        sum(case when starts_run then 1 else 0 end) over (
            partition by person_id, activity_type
            order by occurred_at
            rows between unbounded preceding and current row
        ) as run_number
    from marked
),

long_runs as (
    select
        runs.*,
        row_number() over (
            partition by person_id, activity_type, run_number
            order by occurred_at
        ) as position,
        max(occurred_at) over (partition by person_id, activity_type, run_number) as run_ends_at
    from runs
),

-- Hardly any run is longer than the gap, so these steps are small.
step_0 as (
    select
        person_id,
        activity_type,
        run_number,
        occurred_at
    from long_runs
    where
        position = 1
        and {{ seconds_between('occurred_at', 'run_ends_at') }} >= {{ gap_seconds }}
),

{% for step in range(1, var('max_touches') + 1) -%}
step_{{ step }} as (
    select
        runs.person_id,
        runs.activity_type,
        runs.run_number,
        min(runs.occurred_at) as occurred_at
    from step_{{ step - 1 }} as earlier
    inner join runs
        on
            earlier.person_id = runs.person_id
            and earlier.activity_type = runs.activity_type
            and earlier.run_number = runs.run_number
    where {{ seconds_between('earlier.occurred_at', 'runs.occurred_at') }} >= {{ gap_seconds }}
    group by runs.person_id, runs.activity_type, runs.run_number
),

{% endfor -%}
counted as (
    select
        person_id,
        activity_type,
        occurred_at
    from runs
    where starts_run
    {%- for step in range(1, var('max_touches') + 1) %}
    union all
    select
        person_id,
        activity_type,
        occurred_at
    from step_{{ step }}
    {%- endfor %}
)

select * from counted
