{#
    Where each record of an entity ended up after merges: `<key>`, `survivor_id`.

    Follows merged_into up to 32 hops by doubling (five joins over the merged records alone).
    Members of a cycle, and records merged into one that never arrived, survive as themselves, so
    that nobody is lost.
#}
{% macro survivors(relation, key, merged_into) -%}
with known as (
    select
        {{ key }} as id,
        {{ merged_into }} as merged_into
    from {{ relation }}
),

hop_0 as (
    select
        child.id,
        child.merged_into as target
    from known as child
    inner join known as parent
        on child.merged_into = parent.id
    where child.merged_into <> child.id
),

{% for hop in range(1, 6) -%}
hop_{{ hop }} as (
    select
        near.id,
        coalesce(far.target, near.target) as target
    from hop_{{ hop - 1 }} as near
    left join hop_{{ hop - 1 }} as far
        on near.target = far.id
),

{% endfor -%}
roots as (
    select hop_5.*
    from hop_5
    left join hop_0
        on hop_5.target = hop_0.id
    where hop_0.id is null
)

select
    known.id as {{ key }},
    coalesce(roots.target, known.id) as survivor_id
from known
left join roots
    on known.id = roots.id
{%- endmacro %}

{# The digits of a telephone number, null if there are too few to tell people apart. #}
{% macro phone_key(phone) -%}
    case
        when length({{ regexp_remove(phone, '[^0-9]') }}) >= 8
            then {{ regexp_remove(phone, '[^0-9]') }}
    end
{%- endmacro %}
