-- Leads by lifecycle stage: how many leads had each stage as their furthest at the end of a day.
with spells as (
    select * from {{ ref('fct_lead_stage_spells') }}
),

records as (
    select
        lead_id as record_id,
        entered_on,
        left_on,
        1 as numerator,
        true as denominator,
        stage,
        current_stage,
        owner_rep_id as rep,
        creation_team_id as team,
        source_channel as channel,
        campaign_id as campaign,
        segment
    from spells
)

{{ kpi(
    'leads_by_lifecycle_stage',
    kind='sum',
    time_basis='snapshot',
    dimensions=['stage', 'current_stage', 'rep', 'team', 'channel', 'campaign', 'segment'],
) }}
