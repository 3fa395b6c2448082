-- Customers acquired vs lost: how many customers were won for each one lost in the same period.
-- Who came back is neither. A loss is known once the grace has passed.
with spells as (
    select * from {{ ref('fct_customer_spells') }}
),

records as (
    select
        account_id as record_id,
        started_on as occurred_on,
        1 as numerator,
        0 as denominator,
        rep_id as rep,
        segment
    from spells
    where not is_reactivation
    union all
    select
        account_id as record_id,
        lost_on as occurred_on,
        0 as numerator,
        1 as denominator,
        rep_id as rep,
        segment
    from spells
    where lost_on is not null
)

{{ kpi(
    'acquired_to_lost_ratio',
    kind='ratio',
    grains=month_grains(),
    dimensions=['rep', 'segment'],
    matures_after={'days': var('churn_grace_days') + 1},
) }}
