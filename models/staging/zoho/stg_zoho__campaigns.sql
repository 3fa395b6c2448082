{{ config(enabled='zoho' in var('sources')) }}
-- What a campaign is hoped to bring, `expected_revenue`, is beside the contract.
select
    {{ typed('campaign_id', 'varchar') }} as campaign_id,
    {{ typed('campaign_name', 'varchar') }} as campaign_name,
    {{ canonical('zoho', 'campaign_type', 'type') }} as channel,
    -- We went to those we wrote to or called; the others came to us.
    case
        when lower(type) in ('direct mail', 'email', 'telemarketing') then 'outbound'
        else 'inbound'
    end as motion,
    {{ zoho_money('budgeted_cost') }} as budget_amount,
    'USD' as currency,
    {{ zoho_date('start_date') }} as start_on,
    {{ zoho_date('end_date') }} as end_on,
    {{ zoho_money('expected_revenue') }} as expected_revenue,
    {{ version_columns() }}
from {{ source('zoho', 'campaigns') }}
