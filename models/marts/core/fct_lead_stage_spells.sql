-- One row per surviving lead and time in which its furthest and its current stage stayed the same:
-- half-open [entered_on, left_on).
with spells as (
    select * from {{ ref('int_lead_stage_spells') }}
),

leads as (
    select * from {{ ref('fct_leads') }}
)

select
    spells.lead_id,
    spells.furthest_stage as stage,
    spells.current_stage,
    spells.entered_on,
    spells.left_on,
    leads.owner_rep_id,
    leads.creation_team_id,
    leads.source_channel,
    leads.campaign_id,
    leads.segment
from spells
inner join leads
    on spells.lead_id = leads.lead_id
