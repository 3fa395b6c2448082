-- Customers acquired: how many accounts became a customer in a period, each of them once for good.
with spells as (
    select * from {{ ref('fct_customer_spells') }}
),

records as (
    select
        account_id as record_id,
        started_on as occurred_on,
        1 as numerator,
        rep_id as rep,
        source_channel as channel,
        location_id as location,
        motion,
        segment
    from spells
    where not is_reactivation
)

{{ kpi(
    'customers_acquired',
    kind='sum',
    dimensions=['rep', 'channel', 'location', 'motion', 'segment'],
) }}
