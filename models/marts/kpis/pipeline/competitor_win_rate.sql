-- Win rate against each competitor: of the decided deals in which a competitor took part, the share
-- that was won. A deal with two competitors is in both rates, and once in that of the company.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

competitors as (
    select * from {{ ref('fct_opportunity_competitors') }}
),

records as (
    {%- for variant in ['headline', 'primary'] %}
    select
        '{{ variant }}' as variant,
        opportunities.opportunity_id as record_id,
        opportunities.closed_on as occurred_on,
        opportunities.is_won as numerator,
        true as denominator,
        coalesce(competitors.competitor_id, 'no competitor known') as competitor
    from opportunities
    left join competitors
        on
            opportunities.opportunity_id = competitors.opportunity_id
            {%- if variant == 'primary' %}
            and competitors.is_primary
            {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'competitor_win_rate',
    kind='rate',
    time_basis='event',
    distinct=true,
    grains=month_grains(),
    dimensions=['competitor'],
    variants={'headline': {}, 'primary': {}},
) }}
