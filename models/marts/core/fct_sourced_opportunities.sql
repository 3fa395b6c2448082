-- One row per deal that counts, seen from who found it: the sourcing rep on the day of creation.
with opportunities as (
    select * from {{ ref('int_opportunities') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
)

select
    opportunities.opportunity_id,
    opportunities.account_id,
    opportunities.lead_id,
    opportunities.opportunity_type,
    opportunities.is_excluded,
    opportunities.created_at,
    opportunities.created_on,
    opportunities.sourced_by_rep_id,
    coalesce(assignments.team_id, 'unassigned') as sourced_by_team_id,
    coalesce(assignments.territory_id, 'unassigned') as sourced_by_territory_id,
    coalesce(assignments.region, 'unassigned') as sourced_by_region,
    coalesce(assignments.role, 'unassigned') as sourced_by_role,
    opportunities.owner_rep_id,
    opportunities.segment,
    opportunities.motion,
    opportunities.source_channel,
    opportunities.amount
from opportunities
left join assignments
    on
        opportunities.sourced_by_rep_id = assignments.rep_id
        and opportunities.created_on >= assignments.valid_from
        and opportunities.created_on < assignments.valid_to
