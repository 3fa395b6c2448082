-- Collateral win-rate lift: by how many points deals in which collateral was used before the close
-- are won more often than deals without. It says what goes together, not what causes what.
{%- set grains = kpi_grains(month_grains()) %}
{%- set dimensions = kpi_dimensions(['collateral_type']) %}
with decided as (
    select * from {{ ref('fct_opportunities') }}
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

dated as (
    {{ in_periods('decided', 'closed_on', grains) }}
),

uses as (
    select
        opportunity_id,
        'all' as dimension,
        'all' as dimension_value
    from {{ ref('fct_opportunity_collateral') }}
    where is_used_before_close
    {%- for dimension in dimensions %}
    union all
    select
        opportunity_id,
        '{{ dimension }}' as dimension,
        {{ dimension }} as dimension_value
    from {{ ref('fct_opportunity_collateral') }}
    where is_used_before_close
    {%- endfor %}
),

-- A deal with two assets of one type used that type once.
deals_with_use as (
    select distinct * from uses
),

totals as (
    select
        period_grain,
        period_start,
        count(*) as deals,
        count(case when is_won then 1 end) as won
    from dated
    group by period_grain, period_start
),

with_use as (
    select
        dated.period_grain,
        dated.period_start,
        deals_with_use.dimension,
        deals_with_use.dimension_value,
        count(*) as deals,
        count(case when dated.is_won then 1 end) as won
    from dated
    inner join deals_with_use
        on dated.opportunity_id = deals_with_use.opportunity_id
    group by
        dated.period_grain,
        dated.period_start,
        deals_with_use.dimension,
        deals_with_use.dimension_value
),

-- Without a deal on either side there is nothing to compare.
cells as (
    select
        'headline' as variant,
        with_use.period_grain,
        with_use.period_start,
        with_use.dimension,
        with_use.dimension_value,
        {{ ratio('with_use.won', 'with_use.deals') }} as numerator,
        {{ ratio('totals.won - with_use.won', 'totals.deals - with_use.deals') }} as denominator,
        totals.deals as sample_size
    from with_use
    inner join totals
        on
            with_use.period_grain = totals.period_grain
            and with_use.period_start = totals.period_start
    where totals.deals > with_use.deals
)

{{ kpi_cells(
    'collateral_win_rate_lift',
    kind='difference',
    variants={'headline': {'time_basis': 'event'}},
    grains=month_grains(),
) }}
