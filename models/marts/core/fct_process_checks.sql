-- One row per decided deal and stage that the process required of it.
with checks as (
    select * from {{ ref('int_process_checks') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
)

select
    checks.opportunity_id,
    checks.pipeline_id,
    checks.pipeline_id || '/' || checks.stage_id as stage,
    checks.stage_order,
    checks.is_visited,
    checks.is_in_order,
    {{ business_date('checks.first_entered_at') }} as first_entered_on,
    opportunities.account_id,
    opportunities.owner_rep_id,
    opportunities.close_team_id,
    opportunities.close_territory_id,
    opportunities.opportunity_type,
    opportunities.segment,
    opportunities.motion,
    opportunities.is_won,
    opportunities.closed_on
from checks
inner join opportunities
    on checks.opportunity_id = opportunities.opportunity_id
