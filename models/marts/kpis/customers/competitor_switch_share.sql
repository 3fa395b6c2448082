-- Share of churn to competitors: of the customers lost in a period, the share that went to one.
-- Whose reason is not known stays in the denominator.
with losses as (
    select * from {{ ref('fct_customer_spells') }}
    where lost_on is not null
),

records as (
    select
        account_id as record_id,
        lost_on as occurred_on,
        switched_to_competitor_id is not null as numerator,
        true as denominator,
        switched_to_competitor_id as competitor,
        segment
    from losses
)

{{ kpi(
    'competitor_switch_share',
    kind='rate',
    grains=month_grains(),
    dimensions=['competitor', 'segment'],
    of_total=['competitor'],
    matures_after={'days': var('churn_grace_days') + 1},
) }}
