{#
    Who counted, for everybody who may read the number: a view `records.<kpi>` beside the cells, made
    of what a KPI's SQL says up to its CTE `records`. It holds nothing, so the release does not grow.

    Post-hook of the KPI models. A KPI made from the cells of others has no records of its own. KPIs
    whose records are not in the published file, since single answers are not to be read there, have
    no view.
#}
{% macro publish_records() -%}
    {%- if execute and records_end() in model.compiled_code -%}
    {%- set release = '"' ~ this.database ~ '".' -%}
    {%- set definition = model.compiled_code.split(records_end())[0] -%}
    {%- if '"' ~ target.database ~ '".' not in definition -%}
    create schema if not exists {{ release }}records;
    create or replace view {{ release }}records.{{ this.identifier }} as
    {{ definition | replace(release, '') }}
    select records.* from records;
    comment on view {{ release }}records.{{ this.identifier }} is
        'Who counted in {{ this.schema }}.{{ this.identifier }}: one row per thing, with the day or period it counts in.';
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Where the rule of a KPI ends and its roll-up begins. #}
{% macro records_end() %}{{ return('/* roll-up of records */') }}{% endmacro %}
