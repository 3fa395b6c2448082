{#
    Every day from the first one to as_of_date with the period of each grain it falls in: `day`,
    `period_grain`, `period_start`, `period_end` (excluded) and `known_end`, the first day that is
    not known any more: the end of the period, or the day after as_of_date in the running one.

    Facts find their periods by an equality on the day. The distinct periods of it are the spine of
    what is counted at the end of each.
#}
{% macro period_days(first_day, grains) -%}
    {%- for grain in grains %}
    {%- set start = period_start('days.day', grain) -%}
    {%- set end = 'calendar.' ~ grain ~ '_ends_on' if grain in jalali_grains()
        else period_end(start, grain) %}
    select
        days.day,
        cast('{{ grain }}' as {{ dbt.type_string() }}) as period_grain,
        {{ start }} as period_start,
        {{ end }} as period_end,
        least({{ end }}, {{ add_days(as_of_date(), 1) }}) as known_end
    from (
        {{ day_spine(first_day, as_of_date()) }}
    ) as days
    {%- if grain in jalali_grains() %}
    inner join {{ ref('dim_date') }} as calendar
        on days.day = calendar.date_on
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{#
    Every row of a relation once for each grain, with period_grain and period_start: for what must be
    put together within a period before it is divided. `relation` is a CTE, `day` a date column of it.
#}
{% macro in_periods(relation, day, grains) -%}
    {%- for grain in grains %}
    select
        {{ relation }}.*,
        cast('{{ grain }}' as {{ dbt.type_string() }}) as period_grain,
        {{ period_start(relation ~ '.' ~ day, grain) }} as period_start
    from {{ relation }}
    {%- if grain in jalali_grains() %}
    left join {{ ref('dim_date') }} as calendar
        on {{ relation }}.{{ day }} = calendar.date_on
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}
