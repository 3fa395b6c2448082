-- Sales velocity: the money per day that the pipeline turns into won deals.
-- Deals worked × average deal size × win rate ÷ cycle length, all over one window, the last
-- velocity_window_days of each period. Not additive: every cell has factors of its own.
{%- set grains = kpi_grains(['month', 'quarter', 'year']) %}
{%- set dimensions = kpi_dimensions(['rep', 'team', 'segment', 'motion']) %}
with factors as (
    select * from {{ ref('sales_velocity_factors') }}
    where dimension in ('{{ (['all'] + dimensions) | join("', '") }}') -- noqa: LT05
),

cells as (
    select
        'headline' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        deals_worked * avg_deal_size * win_rate as numerator,
        cycle_days as denominator,
        deals_worked as sample_size
    from factors
)

{{ kpi_cells(
    'sales_velocity',
    kind='ratio',
    variants={'headline': {'time_basis': 'event'}},
    grains=grains,
) }}
