-- Rows in and rows out. Every key that has landed is a row of the conformed table, and every row
-- that counts is one of its fact; where not, rows were lost or counted twice on the way.
{{ config(meta={'dagster': {'ref': {'name': 'publication'}}}) }}
with
{%- for entity in conformed_entities() %}
{%- set table = source_table('standard', entity) %}
{%- set keys = table.meta.key if table else [] %}
landed_{{ entity }} as (
    select count(*) as row_count
    from (
        select distinct {{ keys | join(', ') or 'load_id' }}
        from (
            {{ landed_versions(entity, keys) | indent(12) }}
        ) as versions
    ) as keys
),

{% endfor -%}
-- Merged and test accounts are told apart once for all.
test_accounts as (
    select survivors.account_id
    from {{ ref('int_account_survivors') }} as survivors
    inner join {{ ref('int_accounts') }} as accounts
        on survivors.survivor_id = accounts.account_id
    where accounts.is_test
),

deals as (
    select
        opportunities.opportunity_id,
        opportunities.account_id,
        test_accounts.account_id is null
        and not opportunities.is_deleted
        and {{ business_date('opportunities.created_at') }} <= {{ as_of_date() }} as is_counted
    from {{ ref('opportunities') }} as opportunities
    left join test_accounts
        on opportunities.account_id = test_accounts.account_id
),

-- A lead stands for all that were merged into it, and was created when the first of them was.
merge_groups as (
    select
        survivors.survivor_id,
        min(leads.created_at) as created_at
    from {{ ref('leads') }} as leads
    inner join {{ ref('int_lead_survivors') }} as survivors
        on leads.lead_id = survivors.lead_id
    where not leads.is_deleted or leads.merged_into_lead_id is not null
    group by survivors.survivor_id
),

prospects as (
    select
        leads.lead_id,
        leads.account_id,
        test_accounts.account_id is null
        and not leads.is_deleted
        and {{ business_date('merge_groups.created_at') }} <= {{ as_of_date() }} as is_counted
    from {{ ref('leads') }} as leads
    inner join merge_groups
        on leads.lead_id = merge_groups.survivor_id
    left join test_accounts
        on leads.account_id = test_accounts.account_id
),

touches as (
    select
        not activities.is_deleted and test_accounts.account_id is null as is_counted
    from {{ ref('activities') }} as activities
    left join {{ ref('int_lead_survivors') }} as lead_survivors
        on activities.lead_id = lead_survivors.lead_id
    left join {{ ref('leads') }} as leads
        on lead_survivors.survivor_id = leads.lead_id
    left join {{ ref('int_contact_survivors') }} as contact_survivors
        on activities.contact_id = contact_survivors.contact_id
    left join {{ ref('contacts') }} as contacts
        on contact_survivors.survivor_id = contacts.contact_id
    left join {{ ref('opportunities') }} as opportunities
        on activities.opportunity_id = opportunities.opportunity_id
    left join test_accounts
        on
            coalesce(
                activities.account_id,
                leads.account_id,
                contacts.account_id,
                opportunities.account_id
            ) = test_accounts.account_id
),

billed as (
    select
        not lines.is_deleted
        and not invoices.is_deleted
        and invoices.status <> 'void'
        and {{ business_date('invoices.issued_at') }} <= {{ as_of_date() }}
        and test_accounts.account_id is null as is_counted
    from {{ ref('invoice_lines') }} as lines
    inner join {{ ref('invoices') }} as invoices
        on lines.invoice_id = invoices.invoice_id
    left join test_accounts
        on invoices.account_id = test_accounts.account_id
),

compared as (
    {%- for entity in conformed_entities() %}
    select
        '{{ entity }} landed' as counted,
        (select row_count from landed_{{ entity }}) as rows_in,
        (select count(*) from {{ ref(entity) }} where source <> 'seed') as rows_out
    union all
    {%- endfor %}
    {%- for relation, fact in {
        'deals': 'fct_opportunities',
        'prospects': 'fct_leads',
        'touches': 'fct_activities',
        'billed': 'fct_invoice_lines',
    }.items() %}
    select
        '{{ fact }}' as counted,
        (select count(*) from {{ relation }} where is_counted) as rows_in,
        (select count(*) from {{ ref(fact) }}) as rows_out
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select * from compared
where rows_in <> rows_out
