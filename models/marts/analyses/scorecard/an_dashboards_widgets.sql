-- One row per widget of a dashboard, period and member: any chart reads its numbers here.
-- The variable dashboards says what is on them.
with widgets as (
    {%- for name, view in var('dashboards').items() %}
    {%- for kpi, widget in view.widgets.items() %}
    select
        cast('{{ name }}' as {{ dbt.type_string() }}) as dashboard_id,
        {{ loop.index }} as position,
        cast('{{ widget }}' as {{ dbt.type_string() }}) as widget,
        cast('{{ kpi }}' as {{ dbt.type_string() }}) as kpi_id,
        cast('{{ view.dimension }}' as {{ dbt.type_string() }}) as dimension
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

scorecard as (
    select * from {{ ref('kpi_scorecard') }}
)

select
    widgets.dashboard_id,
    widgets.position,
    widgets.widget,
    widgets.kpi_id,
    scorecard.unit,
    scorecard.direction,
    scorecard.period_grain,
    scorecard.period_start,
    scorecard.is_complete_period,
    scorecard.is_matured,
    scorecard.dimension,
    scorecard.dimension_value,
    scorecard.numerator,
    scorecard.denominator,
    scorecard.kpi_value,
    scorecard.previous_value,
    scorecard.last_year_value,
    scorecard.target_value,
    scorecard.target_status,
    scorecard.trend,
    scorecard.is_larger_than_chance
from widgets
inner join scorecard
    on
        widgets.kpi_id = scorecard.kpi_id
        and widgets.dimension = scorecard.dimension
