{{ config(materialized='view') }}
-- Every cell of every KPI in one place. A view, so that nothing is stored twice; without the name
-- of the database, since readers open the file under another one than the build.
{%- if execute and 'day' not in var('kpi_grains') %}
{%- do exceptions.raise_compiler_error(
    "kpi_grains lacks 'day': growth, velocity and attainment are made from days. Add it."
) %}
{%- endif %}
{%- set kpis = [
    'avg_deal_size', 'bookings_amount', 'deals_won', 'monthly_sales_growth', 'net_sales_revenue',
    'quota_attainment', 'sales_velocity',
    'open_pipeline_value', 'sales_cycle_length', 'win_rate',
    'customer_lifecycle_time', 'funnel_on_pace_rate', 'lead_conversion_time',
    'lead_to_customer_rate', 'lead_to_mql_rate', 'lead_to_opportunity_ratio',
    'leads_by_lifecycle_stage', 'mql_to_customer_rate', 'mql_to_sql_rate',
    'opportunity_to_customer_rate', 'sql_to_opportunity_rate', 'stage_conversion_rate',
    'stage_drop_off_rate', 'time_in_stage',
    'customer_churn_rate', 'customer_retention_rate', 'customers_acquired', 'customers_lost',
    'gross_revenue_retention', 'net_new_customers', 'net_revenue_retention',
    'post_close_churn_rate_6m', 'post_close_churn_rate_9m', 'revenue_churn_rate',
] %}
{%- for kpi in kpis %}
select * from {{ ref(kpi).include(database=false) }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
