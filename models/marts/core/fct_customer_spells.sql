-- One row per account and unbroken time as a customer.
with spells as (
    select * from {{ ref('int_customer_spells') }}
),

customers as (
    select * from {{ ref('int_customers') }}
)

select
    spells.account_id,
    spells.spell_number,
    spells.started_on,
    spells.ended_on,
    spells.lost_on,
    spells.end_reason,
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
