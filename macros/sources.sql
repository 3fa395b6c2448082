{#
    Staging and conforming: the mechanics that turn raw text into one typed table per entity.
    Names, types and keys come from the contract, the YAML of the `standard` source.
#}

{# A table of a source as declared in its YAML; none while dbt only parses. #}
{% macro source_table(source_name, table_name) %}
    {%- if not execute -%}
        {{- return(none) -}}
    {%- endif -%}
    {%- set key = 'source.' ~ project_name ~ '.' ~ source_name ~ '.' ~ table_name -%}
    {%- if key not in graph.sources -%}
        {%- do exceptions.raise_compiler_error(
            "'" ~ table_name ~ "' is not declared in the YAML of source '" ~ source_name ~ "'."
        ) -%}
    {%- endif -%}
    {{- return(graph.sources[key]) -}}
{% endmacro %}

{# Raw text as a typed value. Landing has checked that it casts; blank text is null. #}
{% macro typed(column, data_type, accepted=none) -%}
    {%- set text = "nullif(trim(" ~ column ~ "), '')" -%}
    {%- if data_type == 'timestamptz' -%}
        {{ utc_timestamp(text) }}
    {%- elif data_type.startswith('char') -%}
        upper({{ text }})
    {%- elif accepted -%}
        lower({{ text }})
    {%- elif data_type == 'varchar' -%}
        {{ text }}
    {%- else -%}
        cast({{ text }} as {{ data_type }})
    {%- endif -%}
{%- endmacro %}

{# The data type that a contract column has after staging: timestamps are UTC without a zone. #}
{% macro staged_type(data_type) -%}
    {%- if data_type == 'timestamptz' -%} timestamp
    {%- elif data_type == 'varchar' or data_type.startswith('char') -%} {{ dbt.type_string() }}
    {%- else -%} {{ data_type }}
    {%- endif -%}
{%- endmacro %}

{# The columns that tell versions of a row apart, from the text columns landing adds. #}
{% macro version_columns() -%}
    {{ typed('updated_at', 'timestamptz') }} as updated_at,
    coalesce({{ typed('_deleted', 'boolean') }}, false) as is_deleted,
    _load_id as load_id,
    _row_number as row_number,
    _first_load_id as first_load_id,
    _first_row_number as first_row_number
{%- endmacro %}

{# A staging model of the `standard` source: every column of the contract with its type. #}
{% macro stage(entity) -%}
    {%- set table = source_table('standard', entity) -%}
    select
        {% for column in (table.columns.values() if table else []) -%}
        {{ typed(column.name, column.data_type, column.meta.get('accepted')) }} as {{ column.name }},
        {% endfor -%}
        {{ version_columns() }}
    from {{ source('standard', entity) }}
{%- endmacro %}

{# The enabled sources that deliver an entity. #}
{% macro sources_of(entity) %}
    {%- set found = [] -%}
    {%- for name in var('sources')
        if name == 'standard' or entity in var('source_entities').get(name, []) -%}
        {%- do found.append(name) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{#
    One row per key of an entity over all enabled sources: the latest version by updated_at, then
    by order of arrival. A row that waited in quarantine keeps its place in that order: corrected
    later, it does not overrule what had arrived after it. Columns a source lacks are typed
    nulls. Keys of sources other than `standard` get the name of the source in front, so that they
    never collide.

    An incremental run reads again the keys that new loads touched, and no others. With the var
    last_load, what landed after that file is not read: the past as it was known then.

    `seed` names a seed with rows of the same entity that a person edits; files overrule it.
    With `versions`, a row stands for each version that arrived: of those with one updated_at, the
    last. Such a model says in its meta which `entity` it holds.
#}
{% macro conform(entity, seed=none, versions=false) -%}
    {%- if execute and var('last_load') is not none and is_incremental() -%}
        {%- do exceptions.raise_compiler_error(
            "last_load needs --full-refresh, and a copy of the warehouse: what has landed since"
            " would be missing from this one afterwards."
        ) -%}
    {%- endif -%}
    {%- set table = source_table('standard', entity) -%}
    {%- set columns = table.columns.values() if table else [] -%}
    {%- set keys = table.meta.key if table else [] -%}
    {%- set branches = [] -%}
    {%- for name in sources_of(entity) -%}
        {%- do branches.append({'source': name, 'relation': ref('stg_' ~ name ~ '__' ~ entity)}) -%}
    {%- endfor -%}
    {%- if seed -%}
        {%- do branches.append({'source': 'seed', 'relation': ref(seed)}) -%}
    {%- endif %}
with arrived as (
    {%- for branch in branches %}
    {%- set present = [] -%}
    {%- if execute and branch.source not in ('standard', 'seed') -%}
        {%- for column in adapter.get_columns_in_relation(branch.relation) -%}
            {%- do present.append(column.name | lower) -%}
        {%- endfor -%}
    {%- endif %}
    select
        '{{ branch.source }}' as source,
        {% for column in columns -%}
        {%- if branch.source in ('standard', 'seed') or column.name in present -%}
            {{ _conformed(column, keys, branch.source) }}
        {%- else -%}
            cast(null as {{ staged_type(column.data_type) }})
        {%- endif %} as {{ column.name }},
        {% endfor -%}
        {% if branch.source == 'seed' -%}
        cast(null as timestamp) as updated_at,
        false as is_deleted,
        cast(0 as bigint) as load_id,
        cast(0 as bigint) as row_number,
        {%- else -%}
        updated_at,
        is_deleted,
        load_id,
        row_number,
        {%- endif -%}
        {%- set has_first = branch.source == 'standard' or 'first_load_id' in present %}
        {{ 'first_load_id' if has_first else 'cast(null as bigint) as first_load_id' }},
        {{ 'first_row_number' if has_first else 'cast(null as bigint) as first_row_number' }}
    from {{ branch.relation }}
    {%- if var('last_load') is not none and branch.source != 'seed' %}
    where load_id <= {{ var('last_load') }}
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        '' as source,
        {% for column in columns -%}
        cast(null as {{ staged_type(column.data_type) }}) as {{ column.name }},
        {% endfor -%}
        cast(null as timestamp) as updated_at,
        false as is_deleted,
        cast(0 as bigint) as load_id,
        cast(0 as bigint) as row_number,
        cast(null as bigint) as first_load_id,
        cast(null as bigint) as first_row_number
    where false
    {%- endfor %}
),

{% if is_incremental() -%}
known_loads as (
    select
        source,
        max(load_id) as load_id
    from {{ this }}
    group by source
),

changed_keys as (
    select distinct {{ 'arrived.' ~ keys | join(', arrived.') }}
    from arrived
    left join known_loads
        on arrived.source = known_loads.source
    where arrived.load_id > coalesce(known_loads.load_id, 0)
),

{% endif -%}
ranked as (
    select
        arrived.*,
        row_number() over (
            partition by
                {{ 'arrived.' ~ keys | join(', arrived.') }}
                {{- ', arrived.updated_at' if versions }}
            order by
                arrived.updated_at desc nulls last,
                coalesce(arrived.first_load_id, arrived.load_id) desc nulls last,
                coalesce(arrived.first_row_number, arrived.row_number) desc nulls last,
                arrived.load_id desc nulls last
        ) as recency
    from arrived
    {% if is_incremental() -%}
    inner join changed_keys using ({{ keys | join(', ') }})
    {%- endif %}
)

select
    {% for column in columns -%}
    {{ column.name }},
    {% endfor -%}
    source,
    updated_at,
    is_deleted,
    load_id
from ranked
where recency = 1
{%- endmacro %}

{#
    The incremental strategy of conformed tables: delete+insert by the key of the contract, which is
    not known yet when dbt reads the configuration of a model. A model is named after its entity or
    says in its meta which one it holds.
#}
{% macro get_incremental_replace_by_key_sql(arguments) -%}
    {{- return(get_delete_insert_merge_sql(
        arguments.target_relation,
        arguments.temp_relation,
        source_table('standard', model.config.meta.get('entity', model.name)).meta.key,
        arguments.dest_columns,
        arguments.incremental_predicates
    )) -}}
{%- endmacro %}

{#
    A contract column in the conformed table: keys are unique over sources, and a part of the key
    that may be missing is empty text, since a null never equals itself. Calendars, measures and
    stages are named by the company, not by a source, and keep their names.
#}
{% macro _conformed(column, keys, source_name) -%}
    {%- set shared = ('calendar_id', 'measure_id', 'pipeline_id', 'stage_id') -%}
    {%- set is_id = column.meta.get('references')
        or (column.name in keys and column.name.endswith('_id') and column.name not in shared) -%}
    {%- if source_name not in ('standard', 'seed') and is_id -%}
        '{{ source_name }}:' || {{ column.name }}
    {%- elif column.name in keys and not column.meta.get('required') -%}
        coalesce({{ column.name }}, '')
    {%- else -%}
        cast({{ column.name }} as {{ staged_type(column.data_type) }})
    {%- endif -%}
{%- endmacro %}

{# Removes what a source delivered once it is no longer enabled. Runs before a conformed model. #}
{% macro forget_disabled_sources() -%}
    {%- if execute and is_incremental() -%}
    delete from {{ this }}
    where source not in ('', 'seed'{% for name in var('sources') %}, '{{ name }}'{% endfor %})
    {%- endif -%}
{%- endmacro %}

{# The one key column of an entity that others refer to. #}
{% macro table_key(entity) %}{{ return(source_table('standard', entity).meta.key[0]) }}{% endmacro %}

{# Entities of the contract, each a conformed table. #}
{% macro conformed_entities() %}
    {{- return([
        'accounts', 'activities', 'business_calendars', 'calendar_holidays', 'campaign_spend',
        'campaigns', 'collateral', 'collateral_events', 'competitor_offerings',
        'competitor_prices', 'competitors', 'contacts', 'cta_events', 'ctas', 'email_events',
        'email_sends', 'employee_surveys', 'exchange_rates', 'expenses', 'invoice_lines',
        'invoices', 'lead_stage_history', 'leads', 'locations', 'marketing_touchpoints',
        'nps_surveys', 'onboardings', 'opportunities', 'opportunity_competitors',
        'opportunity_products', 'opportunity_stage_history', 'pipeline_stages',
        'product_price_history', 'products', 'promo_experiments', 'promotions', 'proposals',
        'rep_assignment_history', 'reps', 'subscription_periods', 'targets', 'teams',
        'territories',
    ]) -}}
{% endmacro %}
