-- Average deal size: the mean value of the deals won in a period; and of those open at its end.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

states as (
    select * from {{ ref('fct_opportunity_states') }}
),

-- An unknown value is not zero: such a deal is left out of both sides.
records as (
    select
        'headline' as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        cast(null as date) as entered_on,
        cast(null as date) as left_on,
        amount as numerator,
        true as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        close_region as region,
        segment,
        motion
    from opportunities
    where is_won and opportunity_type <> 'renewal' and amount is not null
    union all
    select
        'open_deals' as variant,
        opportunity_id as record_id,
        cast(null as date) as occurred_on,
        entered_on,
        left_on,
        amount as numerator,
        true as denominator,
        owner_rep_id as rep,
        team_id as team,
        region,
        segment,
        motion
    from states
    where opportunity_type <> 'renewal' and amount is not null
)

{{ kpi(
    'avg_deal_size',
    kind='average',
    dimensions=['rep', 'team', 'region', 'segment', 'motion'],
    variants={
        'headline': {},
        'open_deals': {'kind': 'ratio', 'time_basis': 'snapshot'},
    },
) }}
