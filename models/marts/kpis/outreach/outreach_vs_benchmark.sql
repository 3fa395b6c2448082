-- Outreach against benchmark: the outreach completed in a period over what a rep, a team or the
-- company can be expected to do in it.
{%- set grains = kpi_grains(['week', 'month', 'quarter', 'year']) %}
with targets as (
    select
        fct_targets.*,
        row_number() over (
            partition by dimension, dimension_value, period_grain, period_start
            order by target_id
        ) as position
    from {{ ref('fct_targets') }} as fct_targets
    where
        target_kind = 'benchmark'
        and measure_id = 'outreach_activities_completed'
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
),

benchmarks as (
    select * from targets
    where position = 1
),

{{ actuals_of_targets('benchmarks', measures={
    'outreach_activities_completed': ['rep', 'team', 'territory'],
}) }},

cells as (
    select
        'headline' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        actual as numerator,
        target_value as denominator,
        1 as sample_size
    from against_target
)

{{ kpi_cells('outreach_vs_benchmark', kind='ratio', variants={'headline': {}}, grains=grains) }}
