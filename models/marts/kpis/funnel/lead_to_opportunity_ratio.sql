-- Lead-to-opportunity ratio: of the leads created in a period, the share that became an
-- opportunity.
{%- set dimensions = ['rep', 'team', 'channel', 'campaign', 'segment'] %}
with leads as (
    select * from {{ ref('fct_leads') }}
),

conversions as (
    select
        lead_id as record_id,
        created_on as entered_on,
        opportunity_reached_on as reached_on,
        is_open,
        owner_rep_id as rep,
        creation_team_id as team,
        source_channel as channel,
        campaign_id as campaign,
        segment
    from leads
),

records as (
    {{ conversion_records('conversions', dimensions) }}
)

{{ kpi(
    'lead_to_opportunity_ratio',
    kind='rate',
    dimensions=dimensions,
    variants=conversion_variants(),
) }}
