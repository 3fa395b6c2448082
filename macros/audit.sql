{#
    The audit before publishing: mechanics of the tests in tests/dbt/audit. What each of them guards
    and how strict it is stands in docs/audit.md.
#}

{#
    Tables of marts/core. A list, because dbt asks what a test refers to before it knows the models.
#}
{% macro audited_tables() %}
    {{- return([
        'dim_accounts', 'dim_campaigns', 'dim_collateral', 'dim_competitors', 'dim_contacts',
        'dim_date', 'dim_exchange_rates', 'dim_locations', 'dim_pipeline_stages',
        'dim_products', 'dim_promotions', 'dim_rep_assignments', 'dim_reps', 'dim_teams',
        'dim_territories', 'dim_working_days', 'dim_working_hours', 'fct_acquisitions',
        'fct_activities', 'fct_campaign_spend', 'fct_campaigns', 'fct_cheapest_prices',
        'fct_collateral_events', 'fct_collateral_shares', 'fct_competitor_offerings',
        'fct_cta_events', 'fct_customer_onboardings', 'fct_customer_periods',
        'fct_customer_spells', 'fct_email_sends', 'fct_expansions', 'fct_expenses',
        'fct_first_purchases', 'fct_goals', 'fct_invoice_lines', 'fct_invoices',
        'fct_lead_responses', 'fct_lead_stage_spells', 'fct_leads', 'fct_list_prices',
        'fct_marketing_touchpoints', 'fct_meeting_people', 'fct_meetings', 'fct_new_customers',
        'fct_nps_surveys', 'fct_opportunities', 'fct_opportunity_collateral',
        'fct_opportunity_competitors', 'fct_opportunity_periods', 'fct_opportunity_products',
        'fct_opportunity_stage_visits', 'fct_opportunity_stages', 'fct_opportunity_states',
        'fct_opportunity_versions', 'fct_pipeline_movements', 'fct_price_gaps',
        'fct_process_checks', 'fct_promo_experiments', 'fct_proposals', 'fct_prospect_accounts',
        'fct_prospect_methods', 'fct_prospects', 'fct_quotas', 'fct_rep_months',
        'fct_rep_onboardings', 'fct_rep_periods', 'fct_sourced_opportunities',
        'fct_sourcing_touches', 'fct_targets',
    ]) -}}
{% endmacro %}

{#
    Columns of an entity as they landed, every version of every row, with the columns that tell
    versions apart. Files of the contract are read from the raw text itself, past their staging
    model; keys are those of the conformed table.
#}
{% macro landed_versions(entity, columns) -%}
    {%- set table = source_table('standard', entity) -%}
    {%- set keys = table.meta.key if table else [] -%}
    {%- set declared = table.columns if table else {} -%}
    {%- for name in sources_of(entity) %}
    {%- set present = [] -%}
    {%- if execute and name != 'standard' -%}
        {%- for column in adapter.get_columns_in_relation(ref('stg_' ~ name ~ '__' ~ entity)) -%}
            {%- do present.append(column.name | lower) -%}
        {%- endfor -%}
    {%- endif %}
    select
        {%- for column in columns if column in declared %}
        {%- if name == 'standard' or column in present %}
        {{ _conformed(declared[column], keys, name) }}
        {%- else %}
        cast(null as {{ staged_type(declared[column].data_type) }})
        {%- endif %} as {{ column }},
        {%- endfor %}
        updated_at,
        is_deleted,
        load_id,
        row_number
    from (
        {%- if name == 'standard' %}
        select
            {%- for column in columns if column in declared %}
            {{ typed(column, declared[column].data_type, declared[column].meta.get('accepted')) }}
                as {{ column }},
            {%- endfor %}
            {{ version_columns() }}
        from {{ source('standard', entity) }}
        {%- else %}
        select * from {{ ref('stg_' ~ name ~ '__' ~ entity) }}
        {%- endif %}
    ) as {{ name }}_rows
    {%- if var('last_load') is not none %}
    where load_id <= {{ var('last_load') }}
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- else %}
    select
        {%- for column in columns if column in declared %}
        cast(null as {{ staged_type(declared[column].data_type) }}) as {{ column }},
        {%- endfor %}
        cast(null as timestamp) as updated_at,
        false as is_deleted,
        cast(0 as bigint) as load_id,
        cast(0 as bigint) as row_number
    where false
    {%- endfor %}
{%- endmacro %}

{# The version of each landed row that is in force, deleted rows apart. #}
{% macro latest_landed(entity, columns) -%}
    {%- set table = source_table('standard', entity) -%}
    select *
    from (
        select
            versions.*,
            row_number() over (
                partition by {{ table.meta.key | join(', ') if table else 'load_id' }}
                order by
                    versions.updated_at desc nulls last,
                    versions.load_id desc,
                    versions.row_number desc
            ) as recency
        from (
            {{ landed_versions(entity, columns) | indent(12) }}
        ) as versions
    ) as ranked
    where recency = 1 and not is_deleted
{%- endmacro %}

{#
    Tables of the published file as `schema.table`, which are read in the database `previous`; none
    where nothing is published yet.
#}
{% macro previous_tables() %}
    {%- if not execute or previous_release('scorecard', 'publication') is none -%}
        {{- return([]) -}}
    {%- endif -%}
    {{- return(run_query(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = 'previous' and table_type = 'BASE TABLE'"
    ).columns[0].values() | list) -}}
{% endmacro %}

{#
    What a number of a KPI can be at all, as rows of kpi_id, variant, lowest, highest; the variant is
    null where the range is that of all readings that have none of their own. The unit says it; where
    a KPI differs, its metadata has a `range`: [lowest, highest], or one for each reading. null has
    no bound.
#}
{% macro kpi_ranges() -%}
    {%- set of_units = {
        'share': [0, none], 'ratio': [0, none], 'count': [0, none], 'days': [0, none],
        'minutes': [0, none], 'months': [0, none], 'score': [-100, 100],
        'money': [none, none], 'money_per_day': [none, none], 'points': [none, none],
    } -%}
    {%- set rows = [] -%}
    {%- for node in (graph.nodes.values() if execute else [])
        if node.resource_type == 'model' and node.config.meta.kpi -%}
        {%- set kpi = node.config.meta.kpi -%}
        {%- set declared = kpi.get('range', {}) -%}
        {%- if declared is mapping -%}
            {%- do rows.append((node.name, none, of_units[kpi.unit])) -%}
            {%- for variant, bounds in declared.items() -%}
                {%- do rows.append((node.name, variant, bounds)) -%}
            {%- endfor -%}
        {%- else -%}
            {%- do rows.append((node.name, none, declared)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for kpi_id, variant, bounds in rows or [('', none, [none, none])] %}
    select
        cast('{{ kpi_id }}' as {{ dbt.type_string() }}) as kpi_id,
        cast({{ "'" ~ variant ~ "'" if variant else 'null' }} as {{ dbt.type_string() }}) as variant,
        cast({{ bounds[0] if bounds[0] is not none else -1e300 }} as {{ type_double() }}) as lowest,
        cast({{ bounds[1] if bounds[1] is not none else 1e300 }} as {{ type_double() }}) as highest
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}
