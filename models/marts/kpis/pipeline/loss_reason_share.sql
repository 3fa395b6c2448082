-- Loss reasons: of the deals lost in a period, the share that was lost for each reason, in each
-- stage and to each competitor. The denominator is always all lost deals.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where is_lost and opportunity_type <> 'renewal'
),

competitors as (
    select * from {{ ref('fct_opportunity_competitors') }}
),

records as (
    select
        opportunities.opportunity_id as record_id,
        opportunities.closed_on as occurred_on,
        true as numerator,
        true as denominator,
        opportunities.loss_reason_key as loss_reason,
        coalesce(competitors.competitor_id, 'no competitor known') as competitor,
        opportunities.last_open_stage as stage
    from opportunities
    left join competitors
        on opportunities.opportunity_id = competitors.opportunity_id
)

{{ kpi(
    'loss_reason_share',
    kind='rate',
    time_basis='event',
    distinct=true,
    of_total=['loss_reason', 'competitor', 'stage'],
    grains=month_grains(),
    dimensions=['loss_reason', 'competitor', 'stage'],
) }}
