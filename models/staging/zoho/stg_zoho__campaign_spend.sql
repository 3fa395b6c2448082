{{ config(enabled='zoho' in var('sources')) }}
-- The cost of a campaign is known as one sum, which is put on its first day.
select
    {{ typed('campaign_id', 'varchar') }} as campaign_id,
    {{ zoho_date('start_date') }} as spend_on,
    {{ zoho_money('actual_cost') }} as amount,
    'USD' as currency,
    {{ version_columns() }}
from {{ source('zoho', 'campaigns') }}
where {{ typed('actual_cost', 'varchar') }} is not null
