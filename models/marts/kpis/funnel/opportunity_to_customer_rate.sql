-- Opportunity-to-customer conversion rate: of the deals created in a period, the share that was
-- won.
{%- set dimensions = ['rep', 'team', 'segment', 'motion', 'channel'] %}
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

conversions as (
    select
        opportunity_id as record_id,
        created_on as entered_on,
        case when is_won then closed_on end as reached_on,
        is_open,
        owner_rep_id as rep,
        creation_team_id as team,
        segment,
        motion,
        source_channel as channel
    from opportunities
    where opportunity_type <> 'renewal' and not is_excluded
),

records as (
    {{ conversion_records('conversions', dimensions) }}
)

{{ kpi(
    'opportunity_to_customer_rate',
    kind='rate',
    dimensions=dimensions,
    variants=conversion_variants(),
) }}
