-- Win/loss ratio: deals won for each deal lost in a period.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

competitors as (
    select * from {{ ref('fct_opportunity_competitors') }}
),

records as (
    select
        opportunities.opportunity_id as record_id,
        opportunities.closed_on as occurred_on,
        opportunities.is_won as numerator,
        opportunities.is_lost as denominator,
        opportunities.owner_rep_id as rep,
        opportunities.close_team_id as team,
        opportunities.segment,
        opportunities.motion,
        opportunities.sourced_by_rep_id as sourcing_rep,
        coalesce(competitors.competitor_id, 'no competitor known') as competitor
    from opportunities
    left join competitors
        on opportunities.opportunity_id = competitors.opportunity_id
)

{{ kpi(
    'win_loss_ratio',
    kind='ratio',
    time_basis='event',
    distinct=true,
    dimensions=['rep', 'team', 'segment', 'motion', 'sourcing_rep', 'competitor'],
) }}
