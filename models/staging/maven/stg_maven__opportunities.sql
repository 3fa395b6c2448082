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
    {{ start_of_day(typed('engage_date', 'date')) }} as created_at,
    {{ start_of_day(typed('close_date', 'date')) }} as closed_at,
    case lower(deal_stage)
        when 'won' then 'won'
        when 'lost' then 'lost'
    end as outcome,
    {{ version_columns() }}
from {{ source('maven', 'sales_pipeline') }}
