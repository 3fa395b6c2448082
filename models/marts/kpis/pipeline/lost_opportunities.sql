-- Lost opportunities: deals lost in a period, and what they were worth. A deal with several
-- competitors is there once for each of them and counts once.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where is_lost and opportunity_type <> 'renewal'
),

competitors as (
    select * from {{ ref('fct_opportunity_competitors') }}
),

records as (
    {%- for variant, measure in [('headline', '1'), ('amount', 'opportunities.amount')] %}
    select
        '{{ variant }}' as variant,
        opportunities.opportunity_id as record_id,
        opportunities.closed_on as occurred_on,
        {{ measure }} as numerator,
        opportunities.owner_rep_id as rep,
        opportunities.close_team_id as team,
        opportunities.loss_reason_key as loss_reason,
        coalesce(competitors.competitor_id, 'no competitor known') as competitor,
        opportunities.last_open_stage as stage,
        opportunities.segment
    from opportunities
    left join competitors
        on opportunities.opportunity_id = competitors.opportunity_id
    {%- if variant == 'amount' %}
    where opportunities.amount is not null
    {%- else %}
    union all
    {%- endif %}
    {%- endfor %}
)

{{ kpi(
    'lost_opportunities',
    kind='sum',
    time_basis='event',
    distinct=true,
    dimensions=['rep', 'team', 'loss_reason', 'competitor', 'stage', 'segment'],
    variants={'headline': {}, 'amount': {}},
) }}
