-- Keys that lead nowhere: the record they name stands in no row of the entity that the contract
-- says. It warns, since the record may arrive later; until then such a row keeps its own key.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'opportunities'}}}) }}
{%- set entities = [
    'accounts', 'activities', 'campaign_spend', 'campaigns', 'collateral', 'collateral_events',
    'competitor_offerings', 'competitor_prices', 'competitors', 'contacts', 'cta_events', 'ctas',
    'email_events', 'email_sends', 'employee_surveys', 'expenses', 'invoice_lines', 'invoices',
    'lead_stage_history', 'leads', 'locations', 'marketing_touchpoints', 'nps_surveys',
    'onboardings', 'opportunities', 'opportunity_competitors', 'opportunity_products',
    'opportunity_stage_history', 'product_price_history', 'products', 'promo_experiments',
    'promotions', 'proposals', 'rep_assignment_history', 'reps', 'subscription_periods', 'teams',
    'territories',
] %}
{%- set relations = {} %}
{%- for entity in entities %}{% do relations.update({entity: ref(entity)}) %}{% endfor %}
{%- set checks = [] %}
{%- for entity in entities %}
{%- set table = source_table('standard', entity) %}
{%- for column in (table.columns.values() if table else []) %}
{%- if column.meta.get('references') in relations %}
{%- do checks.append((entity, column.name, column.meta.references)) %}
{%- endif %}
{%- endfor %}
{%- endfor %}
{%- for entity, column, target in checks %}
select
    '{{ entity }}' as entity,
    '{{ column }}' as column_name,
    child.{{ column }} as unknown_key,
    count(*) as row_count
from {{ relations[entity] }} as child
left join {{ relations[target] }} as parent
    on child.{{ column }} = parent.{{ table_key(target) }}
where
    child.{{ column }} is not null
    and not child.is_deleted
    and parent.{{ table_key(target) }} is null
group by child.{{ column }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
