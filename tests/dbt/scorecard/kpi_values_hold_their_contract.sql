-- The shape that every KPI shares, on all cells at once: one row per cell, no value over a zero
-- denominator, intervals around their value, nothing after as_of_date.
{{ config(meta={'dagster': {'ref': {'name': 'kpi_values'}}}) }}
with kpi_values as (
    select * from {{ ref('kpi_values') }}
),

catalogue as (
    select * from {{ ref('kpi_catalogue') }}
),

-- One pass over all cells.
counted as (
    select
        kpi_id,
        count(*) as cell_count,
        count(
            case
                when
                    variant is null
                    or time_basis is null
                    or period_grain is null
                    or period_start is null
                    or dimension is null
                    or dimension_value is null
                    or is_complete_period is null
                    or is_matured is null
                    then 1
            end
        ) as keys_missing,
        -- Differences divide by nothing.
        count(
            case
                when
                    denominator = 0
                    and kpi_id not in ('collateral_win_rate_lift', 'enps_vs_target', 'promo_lift')
                    then kpi_value
            end
        ) as values_over_zero,
        count(
            case
                when
                    ci_low < 0
                    or ci_low > kpi_value + 1e-9
                    or ci_high < kpi_value - 1e-9
                    or ci_high > 1
                    then 1
            end
        ) as intervals_beside_value,
        count(case when not (kpi_value between -1e300 and 1e300) then 1 end) as values_infinite,
        count(case when period_start > {{ as_of_date() }} then 1 end) as periods_to_come
    from kpi_values
    group by kpi_id
),

unique_cells as (
    select
        kpi_id,
        count(*) as cell_count
    from (
        select distinct
            kpi_id,
            variant,
            time_basis,
            period_grain,
            period_start,
            dimension,
            dimension_value
        from kpi_values
    ) as cells
    group by kpi_id
)

select
    counted.kpi_id,
    counted.cell_count - unique_cells.cell_count as cells_repeated,
    counted.keys_missing,
    counted.values_over_zero,
    counted.intervals_beside_value,
    counted.values_infinite,
    counted.periods_to_come,
    catalogue.kpi_id is null as is_not_in_catalogue
from counted
inner join unique_cells
    on counted.kpi_id = unique_cells.kpi_id
left join catalogue
    on counted.kpi_id = catalogue.kpi_id
where
    counted.cell_count <> unique_cells.cell_count
    or counted.keys_missing > 0
    or counted.values_over_zero > 0
    or counted.intervals_beside_value > 0
    or counted.values_infinite > 0
    or counted.periods_to_come > 0
    or catalogue.kpi_id is null
