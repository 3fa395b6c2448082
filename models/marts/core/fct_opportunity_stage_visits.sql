-- One row per visit of a deal to an open stage and team that had it: half-open [entered_on,
-- left_on). behind_from is the first day on which the visit has lasted longer than the stage
-- expects, whichever team the deal was with.
with visits as (
    select * from {{ ref('int_opportunity_stage_visits') }}
    where stage_category = 'open'
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

dated as (
    select
        visits.opportunity_id,
        visits.pipeline_id || '/' || visits.stage_id as stage,
        visits.visit_number,
        opportunities.owner_rep_id,
        opportunities.opportunity_type,
        visits.expected_days,
        {{ business_date('visits.entered_at') }} as entered_on,
        {{ business_date('visits.left_at') }} as left_on,
        {{ add_days(business_date('visits.entered_at'), 'floor(visits.expected_days) + 1') }}
            as behind_from
    from visits
    inner join opportunities
        on visits.opportunity_id = opportunities.opportunity_id
)

-- A rep who changes team takes the open deals along from that day.
select
    dated.opportunity_id,
    dated.stage,
    dated.visit_number,
    dated.owner_rep_id,
    coalesce(assignments.team_id, 'unassigned') as team_id,
    dated.opportunity_type,
    dated.expected_days,
    greatest(dated.entered_on, coalesce(assignments.valid_from, dated.entered_on)) as entered_on,
    case
        when
            assignments.valid_to <= {{ as_of_date() }}
            and (dated.left_on is null or assignments.valid_to < dated.left_on)
            then assignments.valid_to
        else dated.left_on
    end as left_on,
    dated.behind_from
from dated
left join assignments
    on
        dated.owner_rep_id = assignments.rep_id
        and coalesce(dated.left_on, {{ add_days(as_of_date(), 1) }}) > assignments.valid_from
        and dated.entered_on < assignments.valid_to
