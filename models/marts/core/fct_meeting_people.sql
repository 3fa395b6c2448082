-- The persons each meeting was booked with, over all its appointments.
with meetings as (
    select * from {{ ref('fct_meetings') }}
),

chains as (
    select * from {{ ref('int_meeting_chains') }}
),

activities as (
    select * from {{ ref('fct_activities') }}
)

select
    meetings.meeting_id,
    activities.person_id,
    min(meetings.booked_on) as booked_on,
    count(*) as appointments
from meetings
inner join chains
    on meetings.meeting_id = chains.meeting_id
inner join activities
    on chains.activity_id = activities.activity_id
where activities.person_id is not null
group by meetings.meeting_id, activities.person_id
