-- Collateral engagement rate: of the pieces of collateral shared with a person for the first time
-- in a period, the share that the person viewed or downloaded since.
with shares as (
    select * from {{ ref('fct_collateral_shares') }}
),

records as (
    select
        collateral_id || '/' || contact_id as record_id,
        first_shared_on as occurred_on,
        is_engaged as numerator,
        true as denominator,
        collateral_type,
        segment,
        buyer_persona as persona
    from shares
)

{{ kpi(
    'collateral_engagement_rate',
    kind='rate',
    time_basis='cohort',
    dimensions=['collateral_type', 'segment', 'persona'],
    grains=month_grains(),
) }}
