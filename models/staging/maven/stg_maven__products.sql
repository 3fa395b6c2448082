{{ config(enabled='maven' in var('sources')) }}
select
    {{ canonical('maven', 'product', 'product') }} as product_id,
    {{ canonical('maven', 'product', 'product') }} as product_name,
    {{ typed('series', 'varchar') }} as product_family,
    {{ version_columns() }}
from {{ source('maven', 'products') }}
