-- Average deal size: the mean value of the deals won in a period.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

-- An unknown value is not zero: such a deal is left out of both sides.
records as (
    select
        opportunity_id as record_id,
        closed_on as occurred_on,
        amount as numerator,
        true as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        close_region as region,
        segment,
        motion
    from opportunities
    where is_won and opportunity_type <> 'renewal' and amount is not null
)

{{ kpi(
    'avg_deal_size',
    kind='average',
    dimensions=['rep', 'team', 'region', 'segment', 'motion'],
) }}
