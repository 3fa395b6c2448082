-- Keys that lead nowhere: the record they name stands in no row of the entity that the contract
-- says. It warns, since the record may arrive later; until then such a row keeps its own key.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'opportunities'}}}) }}
{%- set entities = [
    'accounts', 'activities', 'campaigns', 'contacts', 'invoice_lines', 'invoices',
    'lead_stage_history', 'leads', 'locations', 'marketing_touchpoints', 'onboardings',
    'opportunities', 'opportunity_products', 'opportunity_stage_history', 'products',
    'rep_assignment_history', 'reps', 'subscription_periods', 'teams', 'territories',
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
