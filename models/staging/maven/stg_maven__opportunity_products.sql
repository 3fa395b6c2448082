{{ config(enabled='maven' in var('sources')) }}
-- One product each; the value of the deal is its price.
select
    {{ typed('opportunity_id', 'varchar') }} as opportunity_id,
    {{ canonical('maven', 'product', 'product') }} as product_id,
    1 as quantity,
    coalesce({{ typed('close_value', 'decimal(18,2)') }}, 0) as unit_price,
    {{ version_columns() }}
from {{ source('maven', 'sales_pipeline') }}
