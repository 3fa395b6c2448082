{#
    Rows whose reference leads nowhere: the key stands in no row of the entity that the contract
    names. One query for all references of an entity. It warns, since a record may arrive later.
#}
{% test has_known_references(model, entity) %}
{%- set table = source_table('standard', entity) -%}
{%- set checked = [] -%}
{%- for column in (table.columns.values() if table else []) -%}
    {%- set target = column.meta.get('references') -%}
    {%- if target and ('model.' ~ project_name ~ '.' ~ target) in graph.nodes -%}
        {%- do checked.append((column.name, target)) -%}
    {%- endif -%}
{%- endfor -%}
{%- for column, target in checked %}
select
    '{{ column }}' as column_name,
    child.{{ column }} as unknown_key,
    count(*) as row_count
from {{ model }} as child
left join {{ api.Relation.create(
    database=model.database, schema=model.schema, identifier=target
) }} as parent
    on child.{{ column }} = parent.{{ table_key(target) }}
where
    child.{{ column }} is not null
    and not child.is_deleted
    and parent.{{ table_key(target) }} is null
group by child.{{ column }}
{% if not loop.last %}union all{% endif %}
{%- else %}
select 1 as nothing_to_check where false
{%- endfor %}
{% endtest %}
