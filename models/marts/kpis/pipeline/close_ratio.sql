-- Close ratio: of the deals worked in a period, the share that was won in it.
with periods as (
    select * from {{ ref('fct_opportunity_periods') }}
    where opportunity_type <> 'renewal'
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where opportunity_type <> 'renewal' and not is_excluded
),

records as (
    select
        'headline' as variant,
        opportunity_id as record_id,
        cast(null as date) as occurred_on,
        period_grain,
        period_start,
        is_won_in_period as numerator,
        true as denominator,
        owner_rep_id as rep,
        team_id as team,
        segment
    from periods
    union all
    -- Of the deals created in a period, those won so far.
    select
        'by_creation' as variant,
        opportunity_id as record_id,
        created_on as occurred_on,
        cast(null as {{ dbt.type_string() }}) as period_grain,
        cast(null as date) as period_start,
        is_won as numerator,
        true as denominator,
        owner_rep_id as rep,
        creation_team_id as team,
        segment
    from opportunities
)

{{ kpi(
    'close_ratio',
    kind='rate',
    grains=['week'] + month_grains(),
    dimensions=['rep', 'team', 'segment'],
    variants={
        'headline': {'time_basis': 'event', 'by_period': true},
        'by_creation': {
            'time_basis': 'cohort',
            'matures_after': {'days': var('conversion_horizon_days')},
        },
    },
) }}
