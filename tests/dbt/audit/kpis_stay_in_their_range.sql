-- Numbers that cannot be: a share of people above 1, a count below 0, a score beyond 100. What a KPI
-- can be says its unit, or `range` in its metadata where it differs.
{{ config(meta={'dagster': {'ref': {'name': 'publication'}}}) }}
-- depends_on: {{ ref('publication') }}
with ranges as (
    {{ kpi_ranges() | indent(4) }}
),

-- A share counted in its denominator, which its interval shows, is at most 1.
extremes as (
    select
        kpi_id,
        variant,
        ci_low is not null as is_share_of_whole,
        min(kpi_value) as least_value,
        max(kpi_value) as greatest_value,
        min(p50) as least_median,
        count(case when sample_size < 0 then 1 end) as samples_below_zero
    from {{ ref('kpi_values') }}
    group by kpi_id, variant, ci_low is not null
),

bounded as (
    select
        extremes.*,
        coalesce(own.lowest, shared.lowest) as lowest,
        case
            when extremes.is_share_of_whole
                then least(1, coalesce(own.highest, shared.highest))
            else coalesce(own.highest, shared.highest)
        end as highest
    from extremes
    left join ranges as own
        on extremes.kpi_id = own.kpi_id and extremes.variant = own.variant
    left join ranges as shared
        on extremes.kpi_id = shared.kpi_id and shared.variant is null
)

select
    kpi_id,
    variant,
    lowest,
    highest,
    least_value,
    greatest_value,
    least_median,
    samples_below_zero
from bounded
where
    least_value < lowest
    or greatest_value > highest
    or least_median < lowest
    or samples_below_zero > 0
