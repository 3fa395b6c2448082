-- Customer acquisition rate: of the new buyers reached out to in a period, the share that bought
-- within the horizon. An account is one buyer, whoever was touched there.
{%- set dimensions = ['rep', 'team', 'method', 'territory', 'segment', 'touch_bucket'] %}
with buyers as (
    select * from {{ ref('fct_prospect_accounts') }}
    where not was_customer
),

conversions as (
    select
        buyer_id as record_id,
        first_touched_on as entered_on,
        converted_on as reached_on,
        true as is_open,
        rep_id as rep,
        team_id as team,
        method,
        territory_id as territory,
        segment,
        touch_bucket
    from buyers
),

records as (
    {{ conversion_records('conversions', dimensions, headline='within_horizon') }}
)

{{ kpi(
    'customer_acquisition_rate',
    kind='rate',
    grains=month_grains(),
    dimensions=dimensions,
    variants=conversion_variants(headline='within_horizon'),
) }}
