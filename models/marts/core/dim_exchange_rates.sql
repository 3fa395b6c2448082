-- One row per currency and day on which a rate into the reporting currency holds.
with exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
)

select
    currency,
    valid_on,
    rate,
    age_days
from exchange_rates
