-- One row per meeting booked with a prospect, however often it was moved: booked when it was first
-- booked, held when it first took place.
with activities as (
    select * from {{ ref('fct_activities') }}
),

chains as (
    select * from {{ ref('int_meeting_chains') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

appointments as (
    select
        chains.meeting_id,
        activities.*,
        row_number() over (
            partition by chains.meeting_id
            order by activities.scheduled_for desc nulls last, activities.activity_id desc
        ) as position_from_last
    from activities
    inner join chains
        on activities.activity_id = chains.activity_id
),

meetings as (
    select
        meeting_id,
        count(*) as appointments,
        min(booked_at) as booked_at,
        min(booked_on) as booked_on,
        min(case when status = 'completed' then occurred_at end) as held_at,
        min(case when status = 'completed' then occurred_on end) as held_on,
        max(case when status = 'completed' then 1 else 0 end) as has_completed,
        max(case when position_from_last = 1 then status end) as last_status,
        max(case when position_from_last = 1 then scheduled_for end) as scheduled_for,
        max(case when position_from_last = 1 then scheduled_on end) as scheduled_on
    from appointments
    group by meeting_id
)

select
    meetings.meeting_id,
    roots.activity_type as meeting_type,
    roots.person_id,
    roots.account_id,
    roots.opportunity_id,
    roots.segment,
    roots.source_channel,
    roots.rep_id,
    coalesce(assignments.team_id, 'unassigned') as team_id,
    coalesce(assignments.territory_id, 'unassigned') as territory_id,
    coalesce(assignments.region, 'unassigned') as region,
    meetings.appointments,
    meetings.booked_at,
    meetings.booked_on,
    meetings.scheduled_for,
    meetings.scheduled_on,
    meetings.last_status,
    meetings.held_at,
    meetings.held_on,
    meetings.held_on is not null as is_held,
    case
        when meetings.has_completed = 0 and meetings.last_status = 'no_show'
            then meetings.scheduled_on
    end as no_show_on
from meetings
inner join activities as roots
    on meetings.meeting_id = roots.activity_id
left join customers
    on roots.account_id = customers.account_id
left join assignments
    on
        roots.rep_id = assignments.rep_id
        and meetings.booked_on >= assignments.valid_from
        and meetings.booked_on < assignments.valid_to
-- Who is a customer when it is booked is no prospect.
where
    meetings.booked_on is not null
    and (customers.customer_since_on is null or customers.customer_since_on > meetings.booked_on)
