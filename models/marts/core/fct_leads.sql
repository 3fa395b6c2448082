-- One row per surviving lead with the day it reached each stage of the funnel. A stage that was
-- skipped counts as reached with the next one; `<stage>_entered_on` is what really happened.
with leads as (
    select * from {{ ref('int_leads') }}
),

entries as (
    select * from {{ ref('int_lead_stage_entries') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

milestones as (
    select
        lead_id,
        min(case when stage = 'mql' then entered_at end) as mql_entered_at,
        min(case when stage = 'sql' then entered_at end) as sql_entered_at,
        min(case when stage in ('opportunity', 'customer') then entered_at end)
            as beyond_sql_at,
        min(case when stage = 'opportunity' and not is_from_history then entered_at end)
            as opportunity_at,
        min(case when stage = 'customer' and not is_from_history then entered_at end)
            as customer_at,
        max(case when stage = 'disqualified' then entered_at end) as last_disqualified_at,
        max(case when stage <> 'disqualified' then entered_at end) as last_qualified_at
    from entries
    group by lead_id
),

reached as (
    select
        lead_id,
        mql_entered_at,
        coalesce(mql_entered_at, sql_entered_at, beyond_sql_at) as mql_reached_at,
        coalesce(sql_entered_at, beyond_sql_at) as sql_reached_at,
        coalesce(opportunity_at, customer_at) as opportunity_reached_at,
        customer_at,
        -- A lead that entered a stage after it was disqualified is in play again.
        case
            when last_qualified_at is null or last_disqualified_at >= last_qualified_at
                then last_disqualified_at
        end as disqualified_at
    from milestones
)

select
    leads.lead_id,
    leads.account_id,
    leads.owner_rep_id,
    coalesce(assignments.team_id, 'unassigned') as creation_team_id,
    coalesce(assignments.territory_id, 'unassigned') as creation_territory_id,
    coalesce(assignments.region, 'unassigned') as creation_region,
    leads.source_channel,
    leads.campaign_id,
    leads.motion,
    leads.segment,
    leads.created_at,
    leads.created_on,
    {{ business_date('reached.mql_entered_at') }} as mql_entered_on,
    {{ business_date('reached.mql_reached_at') }} as mql_reached_on,
    {{ business_date('reached.sql_reached_at') }} as sql_reached_on,
    {{ business_date('reached.opportunity_reached_at') }} as opportunity_reached_on,
    reached.customer_at,
    {{ business_date('reached.customer_at') }} as customer_on,
    {{ business_date('reached.disqualified_at') }} as disqualified_on,
    reached.mql_reached_at is not null and reached.mql_entered_at is null as is_mql_imputed,
    reached.disqualified_at is null and reached.customer_at is null as is_open
from leads
left join reached
    on leads.lead_id = reached.lead_id
left join assignments
    on
        leads.owner_rep_id = assignments.rep_id
        and leads.created_on >= assignments.valid_from
        and leads.created_on < assignments.valid_to
