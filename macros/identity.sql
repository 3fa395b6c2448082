{#
    Where each record of an entity ended up after merges: `<key>`, `survivor_id`.

    Follows merged_into up to 32 hops by doubling (five joins over the merged records alone).
    Members of a cycle, and records merged into one that never arrived, survive as themselves, so
    that nobody is lost; what was merged into a member of a cycle belongs to that member.
#}
{% macro survivors(relation, key, merged_into) -%}
with known as (
    select
        {{ key }} as id,
        {{ merged_into }} as merged_into
    from {{ relation }}
),

edges as (
    select
        child.id,
        child.merged_into as target
    from known as child
    inner join known as parent
        on child.merged_into = parent.id
    where child.merged_into <> child.id
),

{{ _hops('edges', 'walk') }},

-- Whoever walks long enough into a cycle ends on a member of it.
cycle_members as (
    select distinct walk_5.target as id
    from walk_5
    inner join edges
        on walk_5.target = edges.id
),

chains as (
    select edges.*
    from edges
    left join cycle_members
        on edges.id = cycle_members.id
    where cycle_members.id is null
),

{{ _hops('chains', 'hop') }}

select
    known.id as {{ key }},
    coalesce(hop_5.target, known.id) as survivor_id
from known
left join hop_5
    on known.id = hop_5.id
{%- endmacro %}

{# CTEs <name>_1 to <name>_5: where 2, 4 … 32 steps along the edges of a relation lead. #}
{% macro _hops(edges, name) -%}
{%- for hop in range(1, 6) -%}
{%- set from = edges if hop == 1 else name ~ '_' ~ (hop - 1) -%}
{{ name }}_{{ hop }} as (
    select
        near.id,
        coalesce(far.target, near.target) as target
    from {{ from }} as near
    left join {{ from }} as far
        on near.target = far.id
){{ ',' if not loop.last }}

{% endfor -%}
{%- endmacro %}

{# The digits of a telephone number, null if there are too few to tell people apart. #}
{% macro phone_key(phone) -%}
    case
        when length({{ regexp_remove(phone, '[^0-9]') }}) >= 8
            then {{ regexp_remove(phone, '[^0-9]') }}
    end
{%- endmacro %}
