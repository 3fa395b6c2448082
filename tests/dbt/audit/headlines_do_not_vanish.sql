-- Numbers of the company that were published for a complete month and cannot be told any more.
-- Records may be deleted, so it warns; whoever has quoted the number should know.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'publication'}}}) }}
with said as (
    select
        past_values.*,
        row_number() over (
            partition by kpi_id, period_start
            order by publication_number desc
        ) as position
    from {{ ref('int_past_values') }} as past_values
    where variant = 'headline' and period_grain = 'month' and dimension = 'all'
),

now_said as (
    select * from {{ ref('kpi_values') }}
    where variant = 'headline' and period_grain = 'month' and dimension = 'all'
)

select
    said.kpi_id,
    said.period_start,
    said.kpi_value as value_before
from said
left join now_said
    on said.kpi_id = now_said.kpi_id and said.period_start = now_said.period_start
where
    said.position = 1
    and said.is_final
    and not said.is_withdrawn
    and said.kpi_value is not null
    and said.period_start <= {{ as_of_date() }}
    and now_said.kpi_value is null
