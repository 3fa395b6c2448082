{{ config(enabled='maven' in var('sources')) }}
-- The export has days and no times: a day begins at midnight of the reporting time zone.
select
    {{ typed('opportunity_id', 'varchar') }} as opportunity_id,
    {{ typed('account', 'varchar') }} as account_id,
    {{ typed('sales_agent', 'varchar') }} as owner_rep_id,
    'new_business' as opportunity_type,
    'maven' as pipeline_id,
    {{ typed('deal_stage', 'varchar', accepted=true) }} as stage_id,
    {{ typed('close_value', 'decimal(18,2)') }} as amount,
    'USD' as currency,
    {{ utc_of_business_time(typed('engage_date', 'timestamp')) }} as created_at,
    {{ utc_of_business_time(typed('close_date', 'timestamp')) }} as closed_at,
    case lower(deal_stage)
        when 'won' then 'won'
        when 'lost' then 'lost'
    end as outcome,
    {{ version_columns() }}
from {{ source('maven', 'sales_pipeline') }}
