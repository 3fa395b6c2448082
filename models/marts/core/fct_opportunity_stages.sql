-- One row per deal and stage it reached, skipped stages included.
with stages as (
    select * from {{ ref('int_opportunity_stages') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
)

select
    stages.opportunity_id,
    stages.stage,
    stages.stage_order,
    opportunities.pipeline_id,
    opportunities.owner_rep_id,
    opportunities.close_team_id,
    opportunities.segment,
    opportunities.opportunity_type,
    stages.reached_on,
    stages.passed_on,
    stages.left_on,
    stages.days_in_stage,
    stages.is_imputed,
    stages.is_passed,
    stages.is_dropped,
    not stages.is_passed and not stages.is_dropped as is_still_open
from stages
inner join opportunities
    on stages.opportunity_id = opportunities.opportunity_id
