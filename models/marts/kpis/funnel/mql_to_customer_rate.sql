-- MQL-to-customer conversion rate: of the leads that marketing handed over as MQLs in a period,
-- the share through which an account became a customer. Leads that skipped the stage were not
-- handed over.
{%- set dimensions = ['rep', 'team', 'channel', 'campaign', 'segment'] %}
with leads as (
    select * from {{ ref('fct_leads') }}
),

conversions as (
    select
        lead_id as record_id,
        mql_entered_on as entered_on,
        customer_on as reached_on,
        is_open,
        owner_rep_id as rep,
        creation_team_id as team,
        source_channel as channel,
        campaign_id as campaign,
        segment
    from leads
    where mql_entered_on is not null
),

records as (
    {{ conversion_records('conversions', dimensions) }}
)

{{ kpi(
    'mql_to_customer_rate',
    kind='rate',
    dimensions=dimensions,
    variants=conversion_variants(),
) }}
