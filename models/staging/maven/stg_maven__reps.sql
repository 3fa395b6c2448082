{{ config(enabled='maven' in var('sources')) }}
-- The export does not say when an agent was hired: the first deal of all stands in.
select
    {{ typed('sales_agent', 'varchar') }} as rep_id,
    {{ typed('sales_agent', 'varchar') }} as full_name,
    'ae' as role,
    {{ typed('manager', 'varchar') }} as team_id,
    {{ typed('regional_office', 'varchar') }} as territory_id,
    (
        select min({{ typed('engage_date', 'date') }})
        from {{ source('maven', 'sales_pipeline') }}
    ) as hired_on,
    'UTC' as time_zone,
    'mon_fri' as calendar_id,
    {{ version_columns() }}
from {{ source('maven', 'sales_teams') }}
