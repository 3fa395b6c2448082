-- The sales cycle of deals with companies beside that of deals with consumers.
{%- set sides = ['b2b', 'b2c'] %}
{%- set min_n = var('min_n') %}
with cells as (
    select * from {{ ref('sales_cycle_length') }}
    where
        variant = 'headline'
        and dimension = 'business_model'
        and period_grain in ('quarter', 'year')
),

{% for side in sides %}
{{ side }} as (
    select
        period_grain,
        period_start,
        is_complete_period,
        sample_size as deals,
        case when sample_size >= {{ min_n }} then kpi_value end as mean_days,
        case when sample_size >= {{ min_n }} then p50 end as median_days,
        case when sample_size >= {{ min_n }} then p90 end as p90_days
    from cells
    where dimension_value = '{{ side }}'
),
{% endfor %}
compared as (
    select
        coalesce(b2b.period_grain, b2c.period_grain) as period_grain,
        coalesce(b2b.period_start, b2c.period_start) as period_start,
        coalesce(b2b.is_complete_period, b2c.is_complete_period) as is_complete_period,
        {%- for side in sides %}
        coalesce({{ side }}.deals, 0) as {{ side }}_deals,
        {{ side }}.mean_days as {{ side }}_mean_days,
        {{ side }}.median_days as {{ side }}_median_days,
        {{ side }}.p90_days as {{ side }}_p90_days,
        {%- endfor %}
        round(b2b.mean_days - b2c.mean_days, 6) as difference_days,
        {{ ratio('b2b.mean_days', 'b2c.mean_days') }} as b2b_to_b2c_ratio
    from b2b
    full join b2c
        on
            b2b.period_grain = b2c.period_grain
            and b2b.period_start = b2c.period_start
)

select
    compared.*,
    case
        when difference_days > 0 then 'b2b_longer'
        when difference_days < 0 then 'b2c_longer'
        when difference_days = 0 then 'equal'
    end as finding
from compared
