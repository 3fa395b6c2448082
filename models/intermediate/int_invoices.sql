-- One row per invoice or credit note that counts: neither void nor deleted, nor of a test account,
-- issued by as_of_date. Amounts are net of tax in the reporting currency, credit notes negative.
with invoices as (
    select * from {{ ref('invoices') }}
    where
        not is_deleted
        and status <> 'void'
        and {{ business_date('issued_at') }} <= {{ as_of_date() }}
),

lines as (
    select * from {{ ref('invoice_lines') }}
    where not is_deleted
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

totals as (
    select
        invoice_id,
        sum(net_amount) as net_amount
    from lines
    group by invoice_id
),

credits as (
    select
        invoices.original_invoice_id as invoice_id,
        sum(totals.net_amount) as credited_amount
    from invoices
    inner join totals
        on invoices.invoice_id = totals.invoice_id
    where invoices.document_type = 'credit_note'
    group by invoices.original_invoice_id
)

select
    invoices.invoice_id,
    invoices.document_type,
    invoices.original_invoice_id,
    coalesce(account_survivors.survivor_id, invoices.account_id) as account_id,
    invoices.opportunity_id,
    coalesce(invoices.rep_id, 'unassigned') as rep_id,
    invoices.location_id,
    invoices.currency,
    exchange_rates.rate,
    invoices.issued_at,
    {{ business_date('invoices.issued_at') }} as issued_on,
    -- A sale that was paid back whole makes no customer.
    invoices.document_type = 'invoice'
    and coalesce(totals.net_amount, 0) + coalesce(credits.credited_amount, 0) > 0 as is_purchase
from invoices
left join account_survivors
    on invoices.account_id = account_survivors.account_id
left join accounts
    on account_survivors.survivor_id = accounts.account_id
left join totals
    on invoices.invoice_id = totals.invoice_id
left join credits
    on invoices.invoice_id = credits.invoice_id
left join exchange_rates
    on
        invoices.currency = exchange_rates.currency
        and {{ business_date('invoices.issued_at') }} = exchange_rates.valid_on
where not coalesce(accounts.is_test, false)
