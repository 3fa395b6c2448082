-- One row per surviving lead and unbroken time in which a stage was its furthest: half-open
-- [entered_on, left_on).
with spells as (
    select * from {{ ref('int_lead_stage_spells') }}
),

leads as (
    select * from {{ ref('fct_leads') }}
)

select
    spells.lead_id,
    spells.stage,
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
