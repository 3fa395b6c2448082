-- New leads: leads created in a period; merged ones count once, on the day of the earliest.
with leads as (
    select * from {{ ref('fct_leads') }}
),

records as (
    select
        lead_id as record_id,
        created_on as occurred_on,
        1 as numerator,
        owner_rep_id as rep,
        creation_team_id as team,
        creation_territory_id as territory,
        source_channel as channel,
        campaign_id as campaign,
        motion,
        segment
    from leads
)

{{ kpi(
    'new_leads',
    kind='sum',
    time_basis='event',
    dimensions=['rep', 'team', 'territory', 'channel', 'campaign', 'motion', 'segment'],
) }}
