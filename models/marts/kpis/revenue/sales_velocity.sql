-- Sales velocity: the money per day that the pipeline turns into won deals.
-- Deals worked × average deal size × win rate ÷ cycle length, all over one window, the last
-- velocity_window_days of each period. Not additive: every cell has factors of its own.
{%- set grains = kpi_grains(['month', 'quarter', 'year']) %}
{%- set dimensions = kpi_dimensions(['rep', 'team', 'segment', 'motion']) %}
with opportunities as (
    select
        opportunity_id,
        created_on,
        closed_on,
        owner_rep_id as rep,
        close_team_id as team,
        segment,
        motion
    from {{ ref('fct_opportunities') }}
    where opportunity_type <> 'renewal' and not is_excluded
),

factors as (
    {%- for factor in ['win_rate', 'avg_deal_size', 'sales_cycle_length'] %}
    select
        '{{ factor }}' as factor,
        period_start as day,
        dimension,
        dimension_value,
        numerator,
        denominator
    from {{ ref(factor) }}
    where variant = 'headline' and period_grain = 'day'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

days as (
    {{ period_days('(select min(opportunities.created_on) from opportunities)', grains)
        | indent(4) }}
),

windows as (
    select distinct
        period_grain,
        period_start,
        {{ add_days('known_end', -var('velocity_window_days')) }} as window_start,
        known_end as window_end
    from days
),

-- Worked: open on some day of the window.
worked as (
    {%- for dimension in ['all'] + dimensions %}
    select
        windows.period_grain,
        windows.period_start,
        windows.window_start,
        windows.window_end,
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ "'all'" if dimension == 'all' else 'opportunities.' ~ dimension }} as dimension_value,
        count(*) as deals_worked
    from windows
    inner join opportunities
        on
            opportunities.created_on < windows.window_end
            and (
                opportunities.closed_on is null
                or opportunities.closed_on >= windows.window_start
            )
    group by
        windows.period_grain,
        windows.period_start,
        windows.window_start,
        windows.window_end
        {{- ', opportunities.' ~ dimension if dimension != 'all' }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

over_window as (
    select
        worked.period_grain,
        worked.period_start,
        worked.dimension,
        worked.dimension_value,
        worked.deals_worked,
        factors.factor,
        {{ ratio('sum(factors.numerator)', 'sum(factors.denominator)') }} as factor_value
    from worked
    left join factors
        on
            worked.dimension = factors.dimension
            and worked.dimension_value = factors.dimension_value
            and factors.day >= worked.window_start
            and factors.day < worked.window_end
    group by
        worked.period_grain,
        worked.period_start,
        worked.dimension,
        worked.dimension_value,
        worked.deals_worked,
        factors.factor
),

cells as (
    select
        'headline' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        deals_worked
        * max(case when factor = 'avg_deal_size' then factor_value end)
        * max(case when factor = 'win_rate' then factor_value end) as numerator,
        max(case when factor = 'sales_cycle_length' then factor_value end) as denominator,
        deals_worked as sample_size
    from over_window
    group by period_grain, period_start, dimension, dimension_value, deals_worked
)

{{ kpi_cells(
    'sales_velocity',
    kind='ratio',
    variants={'headline': {'time_basis': 'event'}},
    grains=grains,
) }}
