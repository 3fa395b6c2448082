-- Outreach activities completed: every cold approach to somebody who is no customer. What a machine
-- sends is marketing; a call that a machine dialled is outreach.
with touches as (
    select * from {{ ref('fct_activities') }}
    where is_cold_touch
),

records as (
    select
        activity_id as record_id,
        occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory,
        activity_type
    from touches
    where activity_type = 'call' or not is_automated
)

{{ kpi(
    'outreach_activities_completed',
    kind='sum',
    dimensions=['rep', 'team', 'territory', 'activity_type'],
) }}
