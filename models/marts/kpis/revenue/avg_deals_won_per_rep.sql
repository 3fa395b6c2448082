-- Average deals won per rep: the deals won in a period over the reps who could win them. A closing
-- rep who worked on any day of the period is in the denominator, with or without a win.
{%- set grains = kpi_grains(month_grains()) %}
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

reps as (
    select * from {{ ref('fct_rep_periods') }}
    where has_closing_role
),

records as (
    {%- for grain in grains %}
    select
        opportunities.opportunity_id as record_id,
        '{{ grain }}' as period_grain,
        {{ period_start('opportunities.closed_on', grain) }} as period_start,
        1 as numerator,
        0 as denominator,
        opportunities.close_team_id as team,
        opportunities.close_territory_id as territory
    from opportunities
    {%- if grain in jalali_grains() %}
    inner join {{ ref('dim_date') }} as calendar
        on opportunities.closed_on = calendar.date_on
    {%- endif %}
    where opportunities.is_won and opportunities.opportunity_type <> 'renewal'
    union all
    {%- endfor %}
    select
        rep_id as record_id,
        period_grain,
        period_start,
        0 as numerator,
        1 as denominator,
        team_id as team,
        territory_id as territory
    from reps
)

{{ kpi(
    'avg_deals_won_per_rep',
    kind='ratio',
    by_period=true,
    grains=grains,
    dimensions=['team', 'territory'],
) }}
