{{ config(enabled='zoho' in var('sources')) }}
select
    {{ typed('quote_id', 'varchar') }} as quote_id,
    {{ zoho_user('quote_owner') }} as owner_rep_id,
    {{ typed('quote_stage', 'varchar') }} as quote_stage,
    {{ typed('sales_status', 'varchar') }} as sales_status,
    {{ zoho_money('sub_total') }} - coalesce({{ zoho_money('discount') }}, 0) as net_amount,
    'USD' as currency,
    {{ zoho_time('created_time') }} as created_at,
    {{ zoho_date('valid_till') }} as valid_until,
    {{ version_columns() }}
from {{ source('zoho', 'quotes') }}
