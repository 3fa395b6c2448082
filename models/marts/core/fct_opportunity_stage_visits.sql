-- One row per visit of a deal to an open stage: half-open [entered_on, left_on). behind_from is the
-- first day on which the visit has lasted longer than the stage expects.
with visits as (
    select * from {{ ref('int_opportunity_stage_visits') }}
    where stage_category = 'open'
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
)

select
    visits.opportunity_id,
    visits.pipeline_id || '/' || visits.stage_id as stage,
    visits.visit_number,
    opportunities.owner_rep_id,
    opportunities.close_team_id as team_id,
    opportunities.opportunity_type,
    visits.expected_days,
    {{ business_date('visits.entered_at') }} as entered_on,
    {{ business_date('visits.left_at') }} as left_on,
    {{ add_days(business_date('visits.entered_at'), 'floor(visits.expected_days) + 1') }}
        as behind_from
from visits
inner join opportunities
    on visits.opportunity_id = opportunities.opportunity_id
