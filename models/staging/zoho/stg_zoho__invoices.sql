{{ config(enabled='zoho' in var('sources')) }}
-- Whether an invoice was paid is not recorded; its creation stands in for its date.
select
    {{ typed('invoice_id', 'varchar') }} as invoice_id,
    {{ typed('account_id', 'varchar') }} as account_id,
    {{ typed('invoice_owner_id', 'varchar') }} as rep_id,
    'invoice' as document_type,
    {{ zoho_time('created_time') }} as issued_at,
    case when lower(invoice_status) = 'cancelled' then 'void' else 'open' end as status,
    'USD' as currency,
    {{ version_columns() }}
from {{ source('zoho', 'invoices') }}
