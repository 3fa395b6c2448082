-- Upsell and cross-sell revenue: what the upsells and cross-sells won in a period are worth.
-- A renewal at the same price is none, and a deal of unknown value adds nothing.
with expansions as (
    select * from {{ ref('fct_expansions') }}
),

records as (
    select
        opportunity_id as record_id,
        closed_on as occurred_on,
        amount as numerator,
        rep_id as rep,
        team_id as team,
        segment,
        vertical,
        opportunity_type
    from expansions
    where is_won and amount is not null
)

{{ kpi(
    'expansion_revenue',
    kind='sum',
    dimensions=['rep', 'team', 'segment', 'vertical', 'opportunity_type'],
) }}
