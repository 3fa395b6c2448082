-- Two quotas of one rep and measure for periods of one kind that share a day: one of them would
-- count twice.
{{ config(meta={'dagster': {'ref': {'name': 'fct_quotas'}}}) }}
with quotas as (
    select * from {{ ref('fct_quotas') }}
)

select
    quotas.target_id,
    others.target_id as other_target_id
from quotas
inner join quotas as others
    on
        quotas.rep_id = others.rep_id
        and quotas.measure_id = others.measure_id
        and quotas.period_grain = others.period_grain
        and quotas.target_id < others.target_id
        and quotas.period_start < others.period_end
        and others.period_start < quotas.period_end
