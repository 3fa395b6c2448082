-- Customers lost: how many accounts had their last active day in a period.
-- A loss is known once the grace has passed, so the latest weeks are not final.
with spells as (
    select * from {{ ref('fct_customer_spells') }}
),

records as (
    select
        account_id as record_id,
        lost_on as occurred_on,
        1 as numerator,
        account_manager_rep_id as rep,
        segment,
        vertical,
        end_reason
    from spells
    where lost_on is not null
)

{{ kpi(
    'customers_lost',
    kind='sum',
    dimensions=['rep', 'segment', 'vertical', 'end_reason'],
    matures_after={'days': var('churn_grace_days') + 1},
) }}
