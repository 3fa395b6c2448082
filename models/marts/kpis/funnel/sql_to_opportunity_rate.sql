-- SQL-to-opportunity conversion rate: of the leads that became an SQL in a period, the share that
-- became an opportunity. A lead with several opportunities counts once.
{%- set dimensions = ['rep', 'team', 'channel', 'campaign', 'segment'] %}
with leads as (
    select * from {{ ref('fct_leads') }}
),

conversions as (
    select
        lead_id as record_id,
        sql_reached_on as entered_on,
        opportunity_reached_on as reached_on,
        is_open,
        owner_rep_id as rep,
        creation_team_id as team,
        source_channel as channel,
        campaign_id as campaign,
        segment
    from leads
    where sql_reached_on is not null
),

records as (
    {{ conversion_records('conversions', dimensions) }}
)

{{ kpi(
    'sql_to_opportunity_rate',
    kind='rate',
    dimensions=dimensions,
    variants=conversion_variants(),
) }}
