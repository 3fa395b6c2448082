{#
    What was achieved of targets: CTEs that end in `against_target`, the rows of a relation of
    targets with the column `actual`.

    The actual of a target is what the headline of its measure adds up to, for its dimension and
    member, over the days of its period up to as_of_date. It is 0 where the measure counted nothing;
    a target for a dimension that the measure is not cut by has no actual and is left out.

    Arguments
        targets     a CTE in the columns of fct_targets
        measures    {KPI id: [dimensions it is cut by]}; these KPIs are sums
#}
{% macro actuals_of_targets(targets, measures) -%}
    {%- set cuts = {} -%}
    {%- for measure, dimensions in measures.items() -%}
        {%- do cuts.update({measure: ['all'] + kpi_dimensions(dimensions)}) -%}
    {%- endfor -%}
measured_days as (
    {%- for measure, dimensions in cuts.items() %}
    select
        '{{ measure }}' as measure_id,
        dimension,
        dimension_value,
        period_start as day,
        numerator as amount
    from {{ ref(measure) }}
    where
        variant = 'headline'
        and period_grain = 'day'
        and dimension in ('{{ dimensions | join("', '") }}')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

achieved as (
    select
        targets.target_id,
        sum(measured_days.amount) as amount
    from {{ targets }} as targets
    inner join measured_days
        on
            targets.measure_id = measured_days.measure_id
            and targets.dimension = measured_days.dimension
            and targets.dimension_value = measured_days.dimension_value
            and targets.period_start <= measured_days.day
            and targets.period_end > measured_days.day
    group by targets.target_id
),

against_target as (
    select
        targets.*,
        coalesce(achieved.amount, 0) as actual
    from {{ targets }} as targets
    left join achieved
        on targets.target_id = achieved.target_id
    where
        {%- for measure, dimensions in cuts.items() %}
        {{ 'or ' if not loop.first }}(
            targets.measure_id = '{{ measure }}'
            and targets.dimension in ('{{ dimensions | join("', '") }}')
        )
        {%- endfor %}
)
{%- endmacro %}

{#
    What each rep achieved of the quota of a quarter: rep_id, period_start, achieved, quota. A quota
    for the quarter counts as it is; quotas for its months are added up where there is none.
#}
{% macro quarter_attainments() -%}
    select
        rep_id,
        period_start,
        achieved,
        quota
    from (
        select
            dimension_value as rep_id,
            {{ period_start('period_start', 'quarter') }} as period_start,
            sum(numerator) as achieved,
            sum(denominator) as quota,
            row_number() over (
                partition by dimension_value, {{ period_start('period_start', 'quarter') }}
                order by case period_grain when 'quarter' then 1 else 2 end
            ) as position
        from {{ ref('quota_attainment') }}
        where
            variant = 'headline'
            and dimension = 'rep'
            and period_grain in ('month', 'quarter')
            and denominator is not null
        group by
            dimension_value, {{ period_start('period_start', 'quarter') }}, period_grain
    ) as by_grain
    where position = 1 and quota > 0
{%- endmacro %}
