-- Time in stage: how many days deals spent in a stage, all visits together, by the day they last
-- left it. A stage that was skipped is not a stay of 0 days, and a stay that lasts is not over.
with stages as (
    select * from {{ ref('fct_opportunity_stages') }}
),

records as (
    select
        opportunity_id || '/' || stage as record_id,
        left_on as occurred_on,
        days_in_stage as numerator,
        true as denominator,
        stage,
        pipeline_id as pipeline,
        owner_rep_id as rep,
        close_team_id as team
    from stages
    where days_in_stage is not null and opportunity_type <> 'renewal'
)

{{ kpi('time_in_stage', kind='average', dimensions=['stage', 'pipeline', 'rep', 'team']) }}
