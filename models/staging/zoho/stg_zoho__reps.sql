{{ config(enabled='zoho' in var('sources')) }}
-- The export does not say when a user was hired: the first lead or potential of all stands in.
select
    {{ typed('user_id', 'varchar') }} as rep_id,
    trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')) as full_name,
    'ae' as role,
    (
        select min(created_on)
        from (
            select {{ zoho_date('created_time') }} as created_on
            from {{ source('zoho', 'leads') }}
            union all
            select {{ zoho_date('created_time') }} as created_on
            from {{ source('zoho', 'potentials') }}
        ) as records
    ) as hired_on,
    'UTC' as time_zone,
    'mon_fri' as calendar_id,
    {{ version_columns() }}
from {{ source('zoho', 'users') }}
