-- Collateral-influenced revenue: the value of the deals won in a period in which collateral was
-- used before the close. A deal counts once, however many pieces it saw; by piece it counts for
-- each.
with uses as (
    select * from {{ ref('fct_opportunity_collateral') }}
    where
        is_used_before_close
        and is_won
        and opportunity_type <> 'renewal'
        and amount is not null
),

records as (
    select
        opportunity_id as record_id,
        closed_on as occurred_on,
        amount as numerator,
        collateral_type,
        collateral_id as collateral
    from uses
)

{{ kpi(
    'collateral_influenced_revenue',
    kind='sum',
    time_basis='event',
    distinct=true,
    dimensions=['collateral_type', 'collateral'],
    grains=month_grains(),
) }}
