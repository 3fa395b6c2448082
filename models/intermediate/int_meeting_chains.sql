-- Which meeting each appointment belongs to: one that takes the place of another is the same
-- meeting, named after the first. Appointments with nobody from outside are left out.
with appointments as (
    select
        activity_id,
        rescheduled_from_activity_id
    from {{ ref('int_activities') }}
    where
        activity_type in ('video_meeting', 'in_person_meeting', 'demo')
        and coalesce(lead_id, contact_id, account_id, opportunity_id) is not null
),

chained as (
    {{ survivors('appointments', 'activity_id', 'rescheduled_from_activity_id') | indent(4) }}
)

select
    activity_id,
    survivor_id as meeting_id
from chained
