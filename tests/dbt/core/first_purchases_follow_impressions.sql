-- An account that bought before it met our marketing points to late or missing touchpoints. Its
-- time is left out of customer_lifecycle_time, so this is to be looked at and stops nothing.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_first_purchases'}}}) }}

select
    account_id,
    first_impression_at,
    first_purchase_at
from {{ ref('fct_first_purchases') }}
where first_purchase_at < first_impression_at
