-- MQL-to-SQL conversion rate: of the leads that became an MQL in a period, the share that became
-- an SQL or more. A lead that skipped the MQL stage became one with its next stage.
{%- set dimensions = ['rep', 'team', 'channel', 'campaign', 'segment'] %}
with leads as (
    select * from {{ ref('fct_leads') }}
),

conversions as (
    select
        lead_id as record_id,
        mql_reached_on as entered_on,
        sql_reached_on as reached_on,
        is_open,
        owner_rep_id as rep,
        creation_team_id as team,
        source_channel as channel,
        campaign_id as campaign,
        segment
    from leads
    where mql_reached_on is not null
),

records as (
    {{ conversion_records('conversions', dimensions) }}
)

{{ kpi(
    'mql_to_sql_rate',
    kind='rate',
    dimensions=dimensions,
    variants=conversion_variants(),
) }}
