{#
    The wide table of a dashboard: one row per month and member of its dimension, a column per KPI.
    What is on it stands in the variable dashboards, for the long table an_dashboards_widgets too.
#}
{% macro dashboard(name) -%}
    {%- set view = var('dashboards')[name] -%}
select
    period_start,
    dimension,
    dimension_value,
    is_complete_period
    {%- for kpi in view.widgets %},
    max(case when kpi_id = '{{ kpi }}' then kpi_value end) as {{ kpi }}
    {%- endfor %}
from {{ ref('kpi_scorecard') }}
where
    period_grain = 'month'
    and dimension = '{{ view.dimension }}'
    and kpi_id in ('{{ view.widgets | join("', '") }}') -- noqa: LT05
group by
    period_start,
    dimension,
    dimension_value,
    is_complete_period
{%- endmacro %}
