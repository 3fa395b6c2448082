-- One row per KPI that is built: what it means, from its own metadata, and its names.
{%- set kpis = [] %}
{%- if execute %}
{%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.meta.kpi %}
{%- do kpis.append(node) %}
{%- endfor %}
{%- endif %}
-- noqa: disable=LT02
with definitions as (
    {%- for node in kpis | sort(attribute='name') %}
    {%- set kpi = node.config.meta.kpi %}
    {%- set made_from = [] %}
    {%- for parent in node.depends_on.nodes %}
    {%- do made_from.append(parent.split('.')[-1]) %}
    {%- endfor %}
    select
        {{ dbt.string_literal(node.name) }} as kpi_id,
        {%- for property in [
            'question', 'formula', 'numerator', 'denominator', 'exclusions', 'zero_rule',
            'how_to_read', 'pitfalls', 'unit', 'direction', 'owner', 'version'
        ] %}
        cast({{ dbt.string_literal(dbt.escape_single_quotes(kpi[property] | string)) }}
            as {{ dbt.type_string() }}) as {{ property }}{{ ',' if not loop.last }}
        {%- endfor %},
        cast('{{ made_from | sort | join(", ") }}' as {{ dbt.type_string() }}) as made_from,
        {{ has_records(node) }} as has_records
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

names as (
    select * from {{ ref('kpi_names') }}
)

select
    definitions.kpi_id,
    names.area,
    names.name_en,
    names.name_fa,
    names.name_ar,
    names.name_vi,
    definitions.question,
    definitions.formula,
    definitions.numerator,
    definitions.denominator,
    definitions.exclusions,
    definitions.zero_rule,
    definitions.how_to_read,
    definitions.pitfalls,
    definitions.unit,
    definitions.direction,
    definitions.made_from,
    definitions.has_records,
    definitions.owner,
    definitions.version
from definitions
left join names
    on definitions.kpi_id = names.kpi_id
