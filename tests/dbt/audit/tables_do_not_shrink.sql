-- Tables and KPIs beside the publication before this one: one that has lost more than
-- audit_max_shrink of its rows, or of its numbers, lost what it was made from. Nothing is said of
-- the past that is built again, nor of tables that audit_allow_shrink names.
{{ config(meta={'dagster': {'ref': {'name': 'publication'}}}) }}
-- depends_on: {{ ref('kpi_values') }}
{%- set relations = {} %}
{%- for table in audited_tables() %}
{%- do relations.update({table: (ref(table), 'core.' ~ table, '*')}) %}
{%- endfor %}
{%- for node in (graph.nodes.values() if execute else [])
    if node.resource_type == 'model' and node.config.meta.kpi %}
{%- set relation = api.Relation.create(
    database=node.database, schema=node.schema, identifier=node.alias
) %}
{%- do relations.update({node.name: (relation, node.schema ~ '.' ~ node.alias, 'kpi_value')}) %}
{%- endfor %}
{%- set before = previous_tables() %}
{%- set compared = [] %}
{%- for table, (relation, name, counted) in relations.items() if name in before %}
{%- if as_of_text() > var('audit_allow_shrink').get(table, '') | string %}
{%- do compared.append((table, relation, 'previous.' ~ name, counted)) %}
{%- endif %}
{%- endfor %}
with counted as (
    {%- for table, relation, previous, counted in compared %}
    select
        '{{ table }}' as table_name,
        (select count({{ counted }}) from {{ previous }}) as rows_before,
        (select count({{ counted }}) from {{ relation }}) as rows_now
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        '' as table_name,
        0 as rows_before,
        0 as rows_now
    {%- endfor %}
),

before as (
    select past.as_of_date
    from {{ ref('publications') }} as past
    inner join {{ ref('publication') }} as publication
        on past.publication_number = publication.publication_number - 1
)

select
    counted.table_name,
    counted.rows_before,
    counted.rows_now
from counted
inner join before
    on before.as_of_date <= {{ as_of_date() }}
where
    (counted.rows_now = 0 and counted.rows_before > 0)
    or (
        counted.rows_before - counted.rows_now >= {{ var('audit_min_rows') }}
        and counted.rows_now < counted.rows_before * (1 - {{ var('audit_max_shrink') }})
    )
