{{ config(enabled='maven' in var('sources')) }}
select
    {{ typed('manager', 'varchar') }} as team_id,
    {{ typed('manager', 'varchar') }} as team_name,
    'sales' as department,
    {{ version_columns() }}
from {{ source('maven', 'sales_teams') }}
