-- Replies received: what prospects wrote or said to us, machines apart.
with activities as (
    select * from {{ ref('fct_activities') }}
    where is_reply
),

records as (
    select
        activity_id as record_id,
        occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        activity_type
    from activities
)

{{ kpi('replies_received', kind='sum', dimensions=['rep', 'team', 'activity_type']) }}
