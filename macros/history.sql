{#
    What the published file said before this build: its tables can be read in the database
    `previous`. A release thus carries the history of all publications before it, and a build that
    is never published leaves none.
#}

{# A table of the published file, or none: nothing is published yet, or it is not in there. #}
{% macro previous_release(schema, table) %}
    {{- return(adapter.dispatch('previous_release')(schema, table)) -}}
{% endmacro %}

{# Engines without release files say nothing of the past. #}
{% macro default__previous_release(schema, table) %}{{ return(none) }}{% endmacro %}

{% macro duckdb__previous_release(schema, table) %}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set file = dbt.escape_single_quotes(published_file()) -%}
    {%- if run_query("select count(*) from glob('" ~ file ~ "')").columns[0].values()[0] == 0 -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- do run_query("attach if not exists '" ~ file ~ "' as previous (read_only)") -%}
    {%- set found = run_query(
        "select count(*) from information_schema.tables where table_catalog = 'previous'"
        " and table_schema = '" ~ schema ~ "' and table_name = '" ~ table ~ "'"
    ).columns[0].values()[0] -%}
    {{- return('previous.' ~ schema ~ '.' ~ table if found else none) -}}
{% endmacro %}

{% macro published_file() %}
    {{- return(env_var('KPI_PUBLISHED', 'published') ~ '/sales_kpis.duckdb') -}}
{% endmacro %}

{# The name of the release that is being built: its file without the ending. #}
{% macro release_name() %}
    {{- return(env_var('KPI_RELEASE', 'release.duckdb').split('/')[-1].split('.duckdb')[0]) -}}
{% endmacro %}

{# `columns` of a table of the published file with their types; no rows where there is none. #}
{% macro said_before(schema, table, columns) -%}
    {%- set relation = previous_release(schema, table) -%}
select
    {%- for column, type in columns.items() %}
    cast({{ column if relation else 'null' }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- if relation %}
from {{ relation }}
{%- else %}
where false
{%- endif %}
{%- endmacro %}
