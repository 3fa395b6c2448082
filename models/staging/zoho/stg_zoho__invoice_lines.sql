{{ config(enabled='zoho' in var('sources')) }}
-- The export's lines do not say to which invoice they belong, so that an invoice is one line here,
-- of no known product. Invoices without amounts have none.
select
    {{ typed('invoice_id', 'varchar') }} as invoice_line_id,
    {{ typed('invoice_id', 'varchar') }} as invoice_id,
    1 as quantity,
    {{ zoho_money('sub_total') }} - coalesce({{ zoho_money('discount') }}, 0) as net_amount,
    {{ version_columns() }}
from {{ source('zoho', 'invoices') }}
where {{ typed('sub_total', 'varchar') }} is not null
