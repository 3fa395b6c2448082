-- Records that contradict themselves. They are counted as DECISIONS.md says; whoever keeps the
-- source should know of them.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'opportunities'}}}) }}
select
    'a deal has an outcome and no close date' as problem,
    opportunity_id as record_id
from {{ ref('opportunities') }}
where not is_deleted and outcome is not null and closed_at is null
union all
select
    'a deal was closed before it was created' as problem,
    opportunity_id as record_id
from {{ ref('opportunities') }}
where not is_deleted and closed_at < created_at
union all
select
    'a deal has no creation date and is counted nowhere' as problem,
    opportunity_id as record_id
from {{ ref('opportunities') }}
where not is_deleted and created_at is null
union all
select
    'a subscription period ends before it starts and is ignored' as problem,
    subscription_id as record_id
from {{ ref('subscription_periods') }}
where not is_deleted and period_end <= period_start
union all
select
    'a credit note adds to revenue' as problem,
    lines.invoice_line_id as record_id
from {{ ref('invoice_lines') }} as lines
inner join {{ ref('invoices') }} as invoices
    on lines.invoice_id = invoices.invoice_id
where
    not lines.is_deleted
    and not invoices.is_deleted
    and invoices.document_type = 'credit_note'
    and lines.net_amount > 0
union all
select
    'a merge leads to itself or to a record that is not there' as problem,
    leads.lead_id as record_id
from {{ ref('leads') }} as leads
inner join {{ ref('int_lead_survivors') }} as survivors
    on leads.lead_id = survivors.lead_id
where leads.merged_into_lead_id is not null and survivors.survivor_id = leads.lead_id
union all
select
    'a merge leads to itself or to a record that is not there' as problem,
    accounts.account_id as record_id
from {{ ref('accounts') }} as accounts
inner join {{ ref('int_account_survivors') }} as survivors
    on accounts.account_id = survivors.account_id
where accounts.merged_into_account_id is not null and survivors.survivor_id = accounts.account_id
