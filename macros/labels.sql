{# Labels that people write: one key for all spellings of a text, and aliases for other words. #}

{#
    The key by which labels are compared: plain letters (NFKC), lower case, Persian forms of yeh and
    kaf, ASCII digits, đ as d, without zero-width characters, tatweel and surrounding space. All other
    letters stay what they are: أ is not ا, and ة is not ه. For labels only: keys of rows are compared
    as they were written.
#}
{% macro label_key(text) -%}
    trim({{ regexp_remove(
        "translate(lower(" ~ plain_letters(text) ~ "), 'يىكđ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', 'ییکd01234567890123456789')",
        '[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u0640]'
    ) }})
{%- endmacro %}

{# A raw label with its alias of the seed value_aliases replaced by what it stands for. #}
{% macro canonical(source_name, field, column) -%}
    coalesce(
        (
            select max(aliases.canonical)
            from {{ ref('value_aliases') }} as aliases
            where
                aliases.source = '{{ source_name }}'
                and aliases.field = '{{ field }}'
                and {{ label_key('aliases.alias') }} = {{ label_key(column) }}
        ),
        {{ typed(column, 'varchar') }}
    )
{%- endmacro %}
