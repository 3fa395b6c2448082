-- Net new customers: customers acquired less customers lost in a period.
-- Customers who came back are the reading `reactivated`.
with spells as (
    select * from {{ ref('fct_customer_spells') }}
),

records as (
    select
        case when is_reactivation then 'reactivated' else 'headline' end as variant,
        account_id as record_id,
        started_on as occurred_on,
        1 as numerator,
        segment
    from spells
    union all
    select
        'headline' as variant,
        account_id as record_id,
        lost_on as occurred_on,
        -1 as numerator,
        segment
    from spells
    where lost_on is not null
)

{{ kpi(
    'net_new_customers',
    kind='sum',
    dimensions=['segment'],
    variants={
        'headline': {
            'time_basis': 'event',
            'matures_after': {'days': var('churn_grace_days') + 1},
        },
        'reactivated': {'time_basis': 'event'},
    },
) }}
