-- The shape that every KPI shares, on all cells at once: one row per cell, a value where there is a
-- denominator, intervals around their value, nothing after as_of_date.
{{ config(meta={'dagster': {'ref': {'name': 'kpi_values'}}}) }}
with kpi_values as (
    select * from {{ ref('kpi_values') }}
),

catalogue as (
    select * from {{ ref('kpi_catalogue') }}
)

select
    'a cell stands more than once' as problem,
    kpi_id,
    count(*) as row_count
from (
    select
        kpi_id,
        variant,
        time_basis,
        period_grain,
        period_start,
        dimension,
        dimension_value
    from kpi_values
    group by kpi_id, variant, time_basis, period_grain, period_start, dimension, dimension_value
    having count(*) > 1
) as repeated
group by kpi_id
union all
select
    'a key is null' as problem,
    kpi_id,
    count(*) as row_count
from kpi_values
where
    variant is null
    or time_basis is null
    or period_grain is null
    or period_start is null
    or dimension is null
    or dimension_value is null
    or is_complete_period is null
    or is_matured is null
group by kpi_id
union all
select
    'a zero denominator has a value' as problem,
    kpi_id,
    count(*) as row_count
from kpi_values
where denominator = 0 and kpi_value is not null
group by kpi_id
union all
select
    'an interval does not hold its value' as problem,
    kpi_id,
    count(*) as row_count
from kpi_values
where
    ci_low is not null
    and not (ci_low between 0 and kpi_value + 1e-9 and ci_high between kpi_value - 1e-9 and 1)
group by kpi_id
union all
select
    'a value is infinite or not a number' as problem,
    kpi_id,
    count(*) as row_count
from kpi_values
where not (kpi_value between -1e300 and 1e300)
group by kpi_id
union all
select
    'a period begins after as_of_date' as problem,
    kpi_id,
    count(*) as row_count
from kpi_values
where period_start > {{ as_of_date() }}
group by kpi_id
union all
select
    'a KPI is not in the catalogue' as problem,
    kpi_values.kpi_id,
    count(*) as row_count
from kpi_values
left join catalogue
    on kpi_values.kpi_id = catalogue.kpi_id
where catalogue.kpi_id is null
group by kpi_values.kpi_id
