-- One row per decided deal and stage that the process required of it: whether the deal was really
-- worked there, and in order. Only what the history says counts, never an imputed stage. A lost
-- deal owes the required stages up to the furthest it got to, a won deal all of its pipeline.
with deals as (
    select * from {{ ref('int_opportunities') }}
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

visits as (
    select * from {{ ref('int_opportunity_stage_visits') }}
),

required_stages as (
    select * from {{ ref('pipeline_stages') }}
    where not is_deleted and is_required and stage_category = 'open'
),

furthest as (
    select
        opportunity_id,
        max(case when stage_category = 'open' then stage_order end) as stage_order
    from visits
    group by opportunity_id
),

due as (
    select
        deals.opportunity_id,
        required_stages.pipeline_id,
        required_stages.stage_id,
        required_stages.stage_order
    from deals
    inner join furthest
        on deals.opportunity_id = furthest.opportunity_id
    inner join required_stages
        on deals.pipeline_id = required_stages.pipeline_id
    where deals.is_won or required_stages.stage_order <= furthest.stage_order
),

-- A stage that was left within seconds was clicked through.
worked as (
    select
        opportunity_id,
        stage_id,
        min(entered_at) as first_entered_at
    from visits
    where {{ seconds_between('entered_at', 'left_at') }} >= {{ var('process_min_dwell_seconds') }}
    group by opportunity_id, stage_id
),

followed as (
    select
        due.*,
        worked.first_entered_at,
        lag(worked.first_entered_at) over (
            partition by due.opportunity_id
            order by due.stage_order, worked.first_entered_at nulls last
        ) as previous_entered_at
    from due
    left join worked
        on due.opportunity_id = worked.opportunity_id and due.stage_id = worked.stage_id
)

select
    opportunity_id,
    pipeline_id,
    stage_id,
    stage_order,
    first_entered_at,
    first_entered_at is not null as is_visited,
    not coalesce(first_entered_at < previous_entered_at, false) as is_in_order
from followed
