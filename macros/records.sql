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

{# Whether a KPI, a node of the graph, has records of its own: it ends in kpi(). #}
{% macro has_records(node) %}{{ return('kpi(' in node.raw_code) }}{% endmacro %}

{#
    The KPIs that this publication restates and whose records can be compared with those of the
    published file, each with the columns that both have: {KPI id: [columns]}.
#}
{% macro comparable_records(restatements, publication) %}
    {%- set comparable = {} -%}
    {%- if execute and load_relation(restatements) and previous_release('scorecard', 'publications') -%}
    {%- set found = run_query(
        'select mine.table_name, mine.column_name from information_schema.columns as mine'
        ' inner join information_schema.columns as theirs'
        ' on mine.table_schema = theirs.table_schema and mine.table_name = theirs.table_name'
        ' and mine.column_name = theirs.column_name'
        " where mine.table_schema = 'records' and theirs.table_catalog = 'previous'"
        " and mine.table_catalog = '" ~ restatements.database ~ "'"
        ' and mine.table_name in (select restatements.kpi_id from ' ~ restatements ~ ' as restatements'
        ' inner join ' ~ publication ~ ' as publication'
        ' on restatements.publication_number = publication.publication_number)'
        ' order by mine.table_name, mine.ordinal_position'
    ) -%}
    {%- for kpi, column in found.rows -%}
        {%- do comparable.setdefault(kpi, []).append(column) -%}
    {%- endfor -%}
    {%- endif -%}
    {{- return(comparable) -}}
{% endmacro %}
