-- Win rate: of the deals decided in a period, the share that was won.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

decided as (
    select * from opportunities
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

created as (
    select * from opportunities
    where not is_excluded and opportunity_type <> 'renewal'
),

records as (
    select
        'headline' as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        case when is_won then 1 else 0 end as numerator,
        1 as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        close_region as region,
        segment,
        motion,
        source_channel as channel
    from decided
    union all
    -- The same weighed by what the deals are worth; a deal of unknown value weighs nothing.
    select
        'by_value' as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        case when is_won then amount else 0 end as numerator,
        amount as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        close_region as region,
        segment,
        motion,
        source_channel as channel
    from decided
    where amount is not null
    union all
    -- Of the deals created in a period, those won so far: open ones stay in the denominator.
    select
        'by_creation' as variant,
        opportunity_id as record_id,
        created_on as occurred_on,
        case when is_won then 1 else 0 end as numerator,
        1 as denominator,
        owner_rep_id as rep,
        creation_team_id as team,
        creation_region as region,
        segment,
        motion,
        source_channel as channel
    from created
)

{{ kpi(
    'win_rate',
    kind='rate',
    dimensions=['rep', 'team', 'region', 'segment', 'motion', 'channel'],
    variants={
        'headline': {'time_basis': 'event'},
        'by_value': {'time_basis': 'event', 'kind': 'ratio'},
        'by_creation': {
            'time_basis': 'cohort',
            'matures_after': {'days': var('conversion_horizon_days')},
        },
    },
) }}
