{{ config(enabled='maven' in var('sources')) }}
select
    {{ typed('regional_office', 'varchar') }} as territory_id,
    {{ typed('regional_office', 'varchar') }} as territory_name,
    {{ typed('regional_office', 'varchar') }} as region,
    {{ version_columns() }}
from {{ source('maven', 'sales_teams') }}
