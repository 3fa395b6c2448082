-- One row per account and unbroken time as a customer.
with spells as (
    select * from {{ ref('int_customer_spells') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

-- What the subscription says about its end; of several that end together, the lowest answer.
endings as (
    select
        account_id,
        declared_ends_on,
        min(cancel_reason) as cancel_reason,
        min(switched_to_competitor_id) as switched_to_competitor_id
    from {{ ref('int_subscription_intervals') }}
    group by account_id, declared_ends_on
)

select
    spells.account_id,
    spells.spell_number,
    spells.started_on,
    spells.ended_on,
    spells.lost_on,
    spells.end_reason,
    endings.cancel_reason,
    endings.switched_to_competitor_id,
    spells.is_reactivation,
    customers.customer_since_source,
    customers.rep_id,
    customers.account_manager_rep_id,
    customers.segment,
    customers.vertical,
    customers.motion,
    customers.source_channel,
    customers.location_id
from spells
inner join customers
    on spells.account_id = customers.account_id
left join endings
    on spells.account_id = endings.account_id and spells.ended_on = endings.declared_ends_on
