-- The four factors of sales velocity, over one window: the last velocity_window_days of each
-- period. Every member has factors of its own; they do not add up to those of the company.
{%- set grains = kpi_grains(['month', 'quarter', 'year']) %}
{%- set dimensions = kpi_dimensions(['rep', 'team', 'segment', 'motion']) %}
{%- set factors = ['win_rate', 'avg_deal_size', 'sales_cycle_length'] %}
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
    {%- for factor in factors %}
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
        period_end,
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
        windows.period_end,
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
        windows.period_end,
        windows.window_start,
        windows.window_end
        {{- ', opportunities.' ~ dimension if dimension != 'all' }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- Not every cell has a deal that was decided or won.
over_window as (
    select
        worked.period_grain,
        worked.period_start,
        worked.period_end,
        worked.window_start,
        worked.window_end,
        worked.dimension,
        worked.dimension_value,
        {%- for factor in factors %}
        sum(case when factors.factor = '{{ factor }}' then factors.numerator end)
            as {{ factor }}_numerator,
        sum(case when factors.factor = '{{ factor }}' then factors.denominator end)
            as {{ factor }}_denominator,
        {%- endfor %}
        worked.deals_worked
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
        worked.period_end,
        worked.window_start,
        worked.window_end,
        worked.dimension,
        worked.dimension_value,
        worked.deals_worked
)

select
    period_grain,
    period_start,
    dimension,
    dimension_value,
    window_start as window_starts_on,
    {{ add_days('window_end', -1) }} as window_ends_on,
    deals_worked,
    {{ ratio('avg_deal_size_numerator', 'avg_deal_size_denominator') }} as avg_deal_size,
    {{ ratio('win_rate_numerator', 'win_rate_denominator') }} as win_rate,
    {{ ratio('sales_cycle_length_numerator', 'sales_cycle_length_denominator') }} as cycle_days,
    period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period
from over_window
