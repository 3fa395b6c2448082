-- One row per activity, whatever became of it, with the deal it belongs to.
with activities as (
    select * from {{ ref('int_activities') }}
),

activity_opportunities as (
    select * from {{ ref('int_activity_opportunities') }}
)

select
    activities.activity_id,
    activities.activity_type,
    activities.direction,
    activities.status,
    activities.person_id,
    activities.lead_id,
    activities.contact_id,
    activities.account_id,
    activities.opportunity_id,
    activity_opportunities.opportunity_id as attributed_opportunity_id,
    activities.rep_id,
    activities.team_id,
    activities.territory_id,
    activities.region,
    activities.role,
    activities.segment,
    activities.motion,
    activities.source_channel,
    activities.occurred_at,
    activities.occurred_on,
    activities.rep_local_on,
    activities.rep_local_hour,
    activities.booked_at,
    activities.booked_on,
    activities.scheduled_for,
    activities.scheduled_on,
    activities.is_cold,
    activities.is_automated,
    activities.is_auto_reply,
    activities.is_human,
    activities.is_outbound_touch,
    activities.is_cold_touch,
    activities.is_with_customer,
    activities.is_answer,
    activities.is_reply,
    activities.reply_to_activity_id,
    activities.reply_sentiment,
    activities.objection_type,
    activities.issue_raised,
    activities.issue_resolved,
    activities.rescheduled_from_activity_id,
    activities.is_recorded
from activities
left join activity_opportunities
    on activities.activity_id = activity_opportunities.activity_id
