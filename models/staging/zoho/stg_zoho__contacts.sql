{{ config(enabled='zoho' in var('sources')) }}
select
    {{ typed('contact_id', 'varchar') }} as contact_id,
    {{ typed('account_id', 'varchar') }} as account_id,
    {{ typed('email', 'varchar') }} as email,
    {{ typed('mobile', 'varchar') }} as phone,
    {{ zoho_time('created_time') }} as created_at,
    {{ version_columns() }}
from {{ source('zoho', 'contacts') }}
