-- Deals won: how many deals were won in a period.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

won as (
    select * from opportunities
    where is_won and opportunity_type <> 'renewal'
),

reported_won as (
    select * from opportunities
    where first_won_on is not null and opportunity_type <> 'renewal'
),

records as (
    select
        'headline' as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        1 as numerator,
        owner_rep_id as rep,
        close_team_id as team,
        close_territory_id as territory,
        sourced_by_rep_id as sourcing_rep,
        motion,
        sales_play
    from won
    union all
    select
        'by_creation' as variant,
        opportunity_id as record_id,
        created_on as occurred_on,
        1 as numerator,
        owner_rep_id as rep,
        creation_team_id as team,
        creation_territory_id as territory,
        sourced_by_rep_id as sourcing_rep,
        motion,
        sales_play
    from won
    union all
    -- What was reported at the time is not taken back when a deal is reopened.
    select
        'as_reported' as variant,
        opportunity_id as record_id,
        first_won_on as occurred_on,
        1 as numerator,
        owner_rep_id as rep,
        close_team_id as team,
        close_territory_id as territory,
        sourced_by_rep_id as sourcing_rep,
        motion,
        sales_play
    from reported_won
)

{{ kpi(
    'deals_won',
    kind='sum',
    dimensions=['rep', 'team', 'territory', 'sourcing_rep', 'motion', 'sales_play'],
    variants={
        'headline': {'time_basis': 'event'},
        'by_creation': {
            'time_basis': 'cohort',
            'matures_after': {'days': var('conversion_horizon_days')},
        },
        'as_reported': {'time_basis': 'event'},
    },
) }}
