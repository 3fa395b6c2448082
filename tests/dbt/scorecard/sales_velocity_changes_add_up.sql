-- The four effects add up to the change of the velocity, and the factors make the velocity.
{{ config(meta={'dagster': {'ref': {'name': 'sales_velocity_change'}}}) }}
with changes as (
    select * from {{ ref('sales_velocity_change') }}
),

added as (
    select
        changes.*,
        deals_worked_effect + avg_deal_size_effect + win_rate_effect + cycle_effect as effects,
        {{ ratio('deals_worked * avg_deal_size * win_rate', 'cycle_days') }} as product
    from changes
)

select * from added
where
    (velocity_change is null) <> (effects is null)
    or abs(effects - velocity_change) > 1e-9 * greatest(velocity, previous_velocity)
    or (velocity is null) <> (product is null)
    or abs(product - velocity) > 1e-9 * velocity
