-- Why sales velocity moved: its change from the period before, split over its four factors by the
-- Shapley value: a factor's effect is the mean of what it changes over all orders in which the four
-- can go from their old to their new value. The effects add up to the change, also where a factor
-- is 0. Of a product, the effect of a factor is its difference times the mean of the products of
-- the other three, weighed 3 for all old and for all new ones and 1 for each mixture, in twelfths.
-- Where a velocity is missing a factor is, and there is no effect.
{%- set grains = kpi_grains(['month', 'quarter', 'year']) %}
{%- set factors = ['deals_worked', 'avg_deal_size', 'win_rate', 'speed'] %}
with velocities as (
    select
        period_grain,
        period_start,
        dimension,
        dimension_value,
        kpi_value as velocity,
        is_complete_period
    from {{ ref('sales_velocity') }}
    where variant = 'headline'
),

factors as (
    select * from {{ ref('sales_velocity_factors') }}
),

days as (
    {{ period_days('(select min(factors.period_start) from factors)', grains) | indent(4) }}
),

starts as (
    select distinct
        period_grain,
        period_start
    from days
),

periods as (
    select
        period_grain,
        period_start,
        lag(period_start) over (partition by period_grain order by period_start) as previous_start
    from starts
),

cells as (
    select
        velocities.period_grain,
        velocities.period_start,
        periods.previous_start,
        velocities.dimension,
        velocities.dimension_value,
        velocities.velocity,
        velocities.is_complete_period,
        cast(factors.deals_worked as {{ type_double() }}) as deals_worked,
        factors.avg_deal_size,
        factors.win_rate,
        factors.cycle_days,
        -- A shorter cycle is more speed: the factor is 1 ÷ days.
        {{ ratio(1, 'factors.cycle_days') }} as speed
    from velocities
    inner join factors
        on
            velocities.period_grain = factors.period_grain
            and velocities.period_start = factors.period_start
            and velocities.dimension = factors.dimension
            and velocities.dimension_value = factors.dimension_value
    inner join periods
        on
            velocities.period_grain = periods.period_grain
            and velocities.period_start = periods.period_start
),

compared as (
    select
        cells.*,
        {%- for factor in factors %}
        previous.{{ factor }} as previous_{{ factor }},
        {%- endfor %}
        previous.cycle_days as previous_cycle_days,
        previous.velocity as previous_velocity
    from cells
    left join cells as previous
        on
            cells.period_grain = previous.period_grain
            and cells.previous_start = previous.period_start
            and cells.dimension = previous.dimension
            and cells.dimension_value = previous.dimension_value
)

select
    period_grain,
    period_start,
    previous_start,
    dimension,
    dimension_value,
    velocity,
    previous_velocity,
    velocity - previous_velocity as velocity_change,
    {%- for factor in ['deals_worked', 'avg_deal_size', 'win_rate', 'cycle_days'] %}
    {{ factor }},
    previous_{{ factor }},
    {%- endfor %}
    {%- for factor in factors %}
    {%- set others = factors | reject('equalto', factor) | list %}
    {%- set products = [] %}
    {%- for old in [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]] %}
    {%- set product = ['3' if old | length in (0, 3) else '1'] %}
    {%- for other in others %}
    {%- do product.append('previous_' ~ other if loop.index0 in old else other) %}
    {%- endfor %}
    {%- do products.append(product | join(' * ')) %}
    {%- endfor %}
    ({{ factor }} - previous_{{ factor }}) * (
        {{ ratio('(' ~ products | join(' + ') ~ ')', 12) }}
    ) as {{ 'cycle' if factor == 'speed' else factor }}_effect,
    {%- endfor %}
    is_complete_period
from compared
