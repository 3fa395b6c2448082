-- One row per benchmark of an industry: the KPI of the company, and of its customers in that
-- industry, against it.
-- noqa: disable=LT02
with benchmarks as (
    select * from {{ ref('kpi_targets') }}
    where
        target_kind = 'benchmark'
        and dimension = 'vertical'
        and value_type in ('number', 'currency')
),

scorecard as (
    select * from {{ ref('kpi_scorecard') }}
    where dimension in ('all', 'vertical')
),

catalogue as (
    select * from {{ ref('kpi_catalogue') }}
),

compared as (
    select
        benchmarks.target_id,
        benchmarks.kpi_id,
        catalogue.unit,
        catalogue.direction,
        benchmarks.dimension_value as industry,
        benchmarks.period_grain,
        benchmarks.period_start,
        benchmarks.is_complete_period,
        benchmarks.target_value as benchmark_value,
        {%- for side in ['company', 'industry'] %}
        {{ side }}.kpi_value as {{ side }}_value,
        {{ side }}.numerator as {{ side }}_numerator,
        {{ side }}.denominator as {{ side }}_denominator,
        {{ side }}.sample_size as {{ side }}_sample_size,
        {{ side }}.ci_low as {{ side }}_ci_low,
        {{ side }}.ci_high as {{ side }}_ci_high,
        {{ side }}.is_matured as {{ side }}_is_matured,
        {%- endfor %}
        -- Rounded, so that what is equal on paper is equal here.
        {%- for side in ['company', 'industry'] %}
        cast({{ side }}.kpi_value as decimal(28, 9)) - benchmarks.target_value
            as {{ side }}_difference{{ ',' if not loop.last }}
        {%- endfor %}
    from benchmarks
    inner join catalogue
        on benchmarks.kpi_id = catalogue.kpi_id
    left join scorecard as company
        on
            benchmarks.kpi_id = company.kpi_id
            and benchmarks.period_grain = company.period_grain
            and benchmarks.period_start = company.period_start
            and company.dimension = 'all'
    left join scorecard as industry
        on
            benchmarks.kpi_id = industry.kpi_id
            and benchmarks.period_grain = industry.period_grain
            and benchmarks.period_start = industry.period_start
            and benchmarks.dimension_value = industry.dimension_value
            and industry.dimension = 'vertical'
)

select
    target_id,
    kpi_id,
    unit,
    direction,
    industry,
    period_grain,
    period_start,
    is_complete_period,
    benchmark_value,
    {%- for side in ['company', 'industry'] %}
    {{ side }}_value,
    {{ side }}_numerator,
    {{ side }}_denominator,
    {{ side }}_sample_size,
    {{ side }}_is_matured,
    {{ side }}_difference,
    {{ ratio(side ~ '_difference', 'abs(benchmark_value)') }} as {{ side }}_relative_difference,
    case
        when not is_complete_period or not {{ side }}_is_matured then null
        when {{ side }}_difference = 0 then 'as_benchmark'
        when benchmark_value between {{ side }}_ci_low and {{ side }}_ci_high then 'within_chance'
        when direction = 'up' and {{ side }}_difference > 0 then 'better'
        when direction = 'down' and {{ side }}_difference < 0 then 'better'
        when direction in ('up', 'down') and {{ side }}_difference is not null then 'worse'
    end as {{ side }}_verdict{{ ',' if not loop.last }}
    {%- endfor %}
from compared
