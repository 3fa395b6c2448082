-- One row: the last file landed of which a row is in force. What landed later changed nothing.
{%- set entities = [
    'accounts', 'activities', 'business_calendars', 'calendar_holidays', 'campaign_spend',
    'campaigns', 'collateral', 'collateral_events', 'competitor_offerings',
    'competitor_prices', 'competitors', 'contacts', 'cta_events', 'ctas', 'email_events',
    'email_sends', 'employee_surveys', 'exchange_rates', 'expenses', 'invoice_lines',
    'invoices', 'lead_stage_history', 'leads', 'locations', 'marketing_touchpoints',
    'nps_surveys', 'onboardings', 'opportunities', 'opportunity_competitors',
    'opportunity_products', 'opportunity_stage_history', 'opportunity_versions',
    'pipeline_stages', 'product_price_history', 'products', 'promo_experiments',
    'promotions', 'proposals', 'rep_assignment_history', 'reps', 'subscription_periods',
    'targets', 'teams', 'territories'
] %}
with last_loads as (
    {%- for entity in entities %}
    select max(load_id) as load_id from {{ ref(entity) }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select coalesce(max(load_id), 0) as last_load_id from last_loads
