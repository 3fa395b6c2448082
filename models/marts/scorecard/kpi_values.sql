{{ config(materialized='view') }}
-- Every cell of every KPI in one place. A view, so that nothing is stored twice; without the name
-- of the database, since readers open the file under another one than the build.
{%- if execute and 'day' not in var('kpi_grains') %}
{%- do exceptions.raise_compiler_error(
    "kpi_grains lacks 'day': growth, velocity and attainment are made from days. Add it."
) %}
{%- endif %}
{%- set kpis = [
    'avg_deal_size', 'avg_deals_won_per_rep', 'avg_order_value', 'bookings_amount', 'deals_won',
    'goal_progress', 'gross_margin_pct', 'monthly_sales_growth', 'net_sales_revenue',
    'quota_attainment', 'rep_sales_vs_benchmark', 'reps_at_quota_pct', 'sales_velocity',
    'sales_volume_by_location', 'sales_vs_target', 'units_sold',
    'close_ratio', 'competitor_win_rate', 'contract_close_rate', 'created_to_lost_ratio',
    'loss_reason_share', 'lost_opportunities', 'new_leads', 'new_opportunities',
    'open_leads_in_funnel', 'open_pipeline_value', 'pipeline_growth', 'proposals_sent',
    'sales_cycle_length', 'win_loss_ratio', 'win_rate',
    'customer_lifecycle_time', 'funnel_on_pace_rate', 'lead_conversion_time',
    'lead_to_customer_rate', 'lead_to_mql_rate', 'lead_to_opportunity_ratio',
    'leads_by_lifecycle_stage', 'mql_to_customer_rate', 'mql_to_sql_rate',
    'opportunity_to_customer_rate', 'sql_to_opportunity_rate', 'stage_conversion_rate',
    'stage_drop_off_rate', 'time_in_stage',
    'activity_to_opportunity_ratio', 'cold_calls_made', 'cold_emails_sent',
    'conversion_rate_by_outreach_method', 'conversion_rate_by_touch_count',
    'customer_acquisition_rate', 'lead_follow_up_rate', 'lead_response_time',
    'meeting_acceptance_rate', 'meetings_scheduled', 'negative_reply_rate',
    'outreach_activities_completed', 'outreach_vs_benchmark', 'positive_reply_rate',
    'prospects_contacted', 'replies_received', 'sales_activities', 'touches_per_closed_deal',
    'collateral_adoption_rate', 'collateral_engagement_rate', 'collateral_influenced_revenue',
    'collateral_usage_count', 'collateral_win_rate_lift', 'cost_per_acquisition', 'cost_per_lead',
    'cta_click_through_rate', 'cta_click_to_submission_rate', 'customer_acquisition_cost',
    'email_open_rate', 'subject_line_open_lift',
    'acquired_to_lost_ratio', 'avg_days_between_touches', 'avg_revenue_per_account',
    'avg_touches_per_customer', 'client_issue_help_rate', 'competitor_switch_share',
    'cross_sell_deals_won', 'cross_sell_rate', 'customer_churn_rate', 'customer_lifetime_value',
    'customer_relationship_length', 'customer_retention_rate', 'customers_acquired',
    'customers_lost', 'expansion_revenue', 'gross_revenue_retention', 'net_new_customers',
    'net_revenue_retention', 'nps', 'post_close_churn_rate_6m', 'post_close_churn_rate_9m',
    'revenue_churn_rate', 'upsell_deals_won', 'upsell_rate',
    'avg_retail_price', 'competitor_price_gap', 'discount_rate', 'price_objection_win_rate',
    'price_parity_share', 'promo_lift',
    'customer_onboarding_time', 'employee_survey_item_score', 'enps', 'enps_vs_target',
    'rep_onboarding_time', 'sales_process_adherence_rate', 'stage_skip_rate',
] %}
{%- for kpi in kpis %}
select * from {{ ref(kpi).include(database=false) }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
