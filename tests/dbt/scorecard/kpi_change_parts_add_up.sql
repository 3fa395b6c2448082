-- The parts of every change add up to it, its weights to 1, and its numbers are those of the KPI.
{{ config(meta={'dagster': {'ref': {'name': 'kpi_change_parts'}}}) }}
with parts as (
    select * from {{ ref('kpi_change_parts') }}
),

company as (
    select * from {{ ref('kpi_values') }}
    where variant = 'headline' and dimension = 'all'
),

sums as (
    select
        kpi_id,
        period_grain,
        period_start,
        previous_start,
        dimension,
        max(company_value) as company_value,
        max(previous_company_value) as previous_company_value,
        sum(total_effect) as effects,
        sum(abs(total_effect)) as size_of_effects,
        sum(weight) as weights,
        sum(previous_weight) as previous_weights
    from parts
    group by kpi_id, period_grain, period_start, previous_start, dimension
)

select
    sums.*,
    latest.kpi_value,
    previous.kpi_value as previous_kpi_value
from sums
left join company as latest
    on
        sums.kpi_id = latest.kpi_id
        and sums.period_grain = latest.period_grain
        and sums.period_start = latest.period_start
left join company as previous
    on
        sums.kpi_id = previous.kpi_id
        and sums.period_grain = previous.period_grain
        and sums.previous_start = previous.period_start
where
    not coalesce(
        abs(sums.effects - (sums.company_value - sums.previous_company_value))
        -- Of the parts, since they can be large where the company's number stays at 0.
        <= 1e-9 * greatest(
            abs(sums.company_value), abs(sums.previous_company_value), sums.size_of_effects
        )
        and abs(sums.weights - 1) <= 1e-9
        and abs(sums.previous_weights - 1) <= 1e-9
        -- A published side has six decimals, the value more.
        and abs(sums.company_value - latest.kpi_value) <= 1e-6 * greatest(abs(latest.kpi_value), 1)
        and abs(sums.previous_company_value - previous.kpi_value)
        <= 1e-6 * greatest(abs(previous.kpi_value), 1),
        false
    )
