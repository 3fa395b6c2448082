-- One row: the last file landed of which a row is in force. What landed later changed nothing.
{%- set tables = conformed_entities() + ['opportunity_versions'] %}
with last_loads as (
    {%- for table in tables %}
    select max(load_id) as load_id from {{ ref(table) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select coalesce(max(load_id), 0) as last_load_id from last_loads
