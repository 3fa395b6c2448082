-- The periods of 29 February 2024, the 10th of Esfand 1402, and what is known of them on as_of_date.
-- A row is a difference.
{{ config(meta={'dagster': {'ref': {'name': 'dim_date'}}}) }}
{%- set expected = {
    'day': ('2024-02-29', '2024-03-01'),
    'month': ('2024-02-01', '2024-03-01'),
    'quarter': ('2024-01-01', '2024-04-01'),
    'year': ('2024-01-01', '2025-01-01'),
    'jalali_month': ('2024-02-20', '2024-03-20'),
    'jalali_quarter': ('2023-12-22', '2024-03-20'),
    'jalali_year': ('2023-03-21', '2024-03-20'),
} %}
with days as (
    {{ period_days("cast('2024-02-29' as date)", expected.keys() | list) | indent(4) }}
),

expected as (
    {%- for grain, bounds in expected.items() %}
    select
        '{{ grain }}' as period_grain,
        cast('{{ bounds[0] }}' as date) as period_start,
        cast('{{ bounds[1] }}' as date) as period_end
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    expected.period_grain,
    days.period_start,
    days.period_end,
    days.known_end
from expected
left join days
    on
        expected.period_grain = days.period_grain
        and days.day = cast('2024-02-29' as date)
where
    -- Before that day there is nothing to know.
    {{ as_of_date() }} >= cast('2024-02-29' as date)
    and (
        days.day is null
        or expected.period_start <> days.period_start
        or expected.period_end <> days.period_end
        or days.known_end <> least(expected.period_end, {{ add_days(as_of_date(), 1) }})
    )
