{{ config(enabled='maven' in var('sources')) }}
select
    {{ typed('account', 'varchar') }} as account_id,
    {{ typed('account', 'varchar') }} as account_name,
    {{ canonical('maven', 'sector', 'sector') }} as vertical,
    'b2b' as business_model,
    false as is_test,
    {{ version_columns() }}
from {{ source('maven', 'accounts') }}
