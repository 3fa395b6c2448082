-- Sales activities: what people really did to sell, counted on the day of the rep.
with activities as (
    select * from {{ ref('fct_activities') }}
    where is_human
),

records as (
    select
        activity_id as record_id,
        rep_local_on as occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory,
        role,
        activity_type,
        direction,
        motion
    from activities
)

{{ kpi(
    'sales_activities',
    kind='sum',
    dimensions=['rep', 'team', 'territory', 'role', 'activity_type', 'direction', 'motion'],
) }}
