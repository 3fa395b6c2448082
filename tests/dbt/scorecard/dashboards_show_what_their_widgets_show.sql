-- A wide dashboard and its widgets show the same number for every KPI, month and member, and
-- nothing else: what a widget has no cell for is empty in the wide table.
{{ config(meta={'dagster': {'ref': {'name': 'an_dashboards_widgets'}}}) }}
{%- set wide = ['company', 'team', 'rep', 'marketing', 'accounts'] %}
with widgets as (
    select * from {{ ref('an_dashboards_widgets') }}
    where
        period_grain = 'month'
        and dashboard_id in ('{{ wide | join("', '") }}') -- noqa: LT05
),

columns_of_dashboards as (
    {%- for name in wide %}
    {%- for kpi in var('dashboards')[name].widgets %}
    select
        '{{ name }}' as dashboard_id,
        '{{ kpi }}' as kpi_id,
        period_start,
        dimension,
        dimension_value,
        is_complete_period,
        {{ kpi }} as kpi_value
    from {{ ref('dashboard_' ~ name) }}
    where {{ kpi }} is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    coalesce(widgets.dashboard_id, columns_of_dashboards.dashboard_id) as dashboard_id,
    coalesce(widgets.kpi_id, columns_of_dashboards.kpi_id) as kpi_id,
    coalesce(widgets.period_start, columns_of_dashboards.period_start) as period_start,
    coalesce(widgets.dimension_value, columns_of_dashboards.dimension_value) as dimension_value,
    widgets.kpi_value as widget_value,
    columns_of_dashboards.kpi_value as wide_value
from widgets
full outer join columns_of_dashboards
    on
        widgets.dashboard_id = columns_of_dashboards.dashboard_id
        and widgets.kpi_id = columns_of_dashboards.kpi_id
        and widgets.period_start = columns_of_dashboards.period_start
        and widgets.dimension = columns_of_dashboards.dimension
        and widgets.dimension_value = columns_of_dashboards.dimension_value
        and widgets.is_complete_period = columns_of_dashboards.is_complete_period
where widgets.kpi_value is distinct from columns_of_dashboards.kpi_value
