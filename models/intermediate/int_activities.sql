-- One row per activity, whatever became of it: neither deleted nor of a test account. What lies
-- after as_of_date has not happened yet and has no date.
{%- set reporting_zone = "'" ~ var('reporting_time_zone') ~ "'" %}
{%- set rep_zone = 'coalesce(reps.time_zone, ' ~ reporting_zone ~ ')' %}
with activities as (
    select
        activities.*,
        case when {{ business_date('occurred_at') }} <= {{ as_of_date() }} then occurred_at end
            as known_occurred_at,
        case when {{ business_date('booked_at') }} <= {{ as_of_date() }} then booked_at end
            as known_booked_at
    from {{ ref('activities') }} as activities
    where not is_deleted
),

leads as (
    select * from {{ ref('leads') }}
),

lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

counted_leads as (
    select * from {{ ref('int_leads') }}
),

contacts as (
    select * from {{ ref('contacts') }}
),

contact_survivors as (
    select * from {{ ref('int_contact_survivors') }}
),

people as (
    select * from {{ ref('int_people') }}
),

person_profiles as (
    select * from {{ ref('int_person_profiles') }}
),

opportunities as (
    select * from {{ ref('opportunities') }}
),

counted_opportunities as (
    select * from {{ ref('int_opportunities') }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

reps as (
    select * from {{ ref('reps') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

linked as (
    select
        activities.*,
        lead_survivors.survivor_id as surviving_lead_id,
        contact_survivors.survivor_id as surviving_contact_id,
        -- The contact says who it was; a lead is the person it was taken for.
        case
            when activities.contact_id is not null then contact_people.person_id
            else lead_people.person_id
        end as person_id,
        coalesce(
            activities.account_id, leads.account_id, contacts.account_id, opportunities.account_id
        ) as linked_account_id,
        {{ business_date('activities.known_occurred_at') }} as occurred_on,
        {{ business_date('activities.known_booked_at') }} as booked_on,
        {{ business_date('activities.scheduled_for') }} as scheduled_on
    from activities
    left join lead_survivors
        on activities.lead_id = lead_survivors.lead_id
    left join leads
        on lead_survivors.survivor_id = leads.lead_id
    left join people as lead_people
        on activities.lead_id = lead_people.record_id and lead_people.entity = 'lead'
    left join contact_survivors
        on activities.contact_id = contact_survivors.contact_id
    left join contacts
        on contact_survivors.survivor_id = contacts.contact_id
    left join people as contact_people
        on activities.contact_id = contact_people.record_id and contact_people.entity = 'contact'
    left join opportunities
        on activities.opportunity_id = opportunities.opportunity_id
),

joined as (
    select
        linked.activity_id,
        linked.activity_type,
        linked.direction,
        linked.status,
        linked.person_id,
        coalesce(linked.surviving_lead_id, linked.lead_id) as lead_id,
        coalesce(linked.surviving_contact_id, linked.contact_id) as contact_id,
        coalesce(account_survivors.survivor_id, linked.linked_account_id) as account_id,
        linked.opportunity_id,
        coalesce(linked.rep_id, 'unassigned') as rep_id,
        coalesce(assignments.team_id, 'unassigned') as team_id,
        coalesce(assignments.territory_id, 'unassigned') as territory_id,
        coalesce(assignments.region, 'unassigned') as region,
        coalesce(assignments.role, 'unassigned') as role,
        coalesce(accounts.segment, 'unassigned') as segment,
        coalesce(
            nullif(counted_opportunities.motion, 'unassigned'), counted_leads.motion, 'unassigned'
        ) as motion,
        coalesce(person_profiles.source_channel, 'unassigned') as source_channel,
        linked.known_occurred_at as occurred_at,
        linked.occurred_on,
        {{ local_date('linked.known_occurred_at', rep_zone) }} as rep_local_on,
        extract('hour' from {{ local_time('linked.known_occurred_at', rep_zone) }})
            as rep_local_hour,
        linked.known_booked_at as booked_at,
        linked.booked_on,
        linked.scheduled_for,
        linked.scheduled_on,
        coalesce(linked.is_cold, false) as is_cold,
        coalesce(linked.is_automated, false) as is_automated,
        coalesce(linked.is_auto_reply, false) as is_auto_reply,
        coalesce(
            customers.customer_since_on <= coalesce(linked.occurred_on, linked.booked_on), false
        ) as is_with_customer,
        linked.reply_to_activity_id,
        linked.reply_sentiment,
        linked.objection_type,
        linked.issue_raised,
        linked.issue_resolved,
        linked.rescheduled_from_activity_id,
        linked.recording_url is not null as is_recorded,
        coalesce(linked.status = 'completed', false) and linked.occurred_on is not null
            as is_done
    from linked
    left join account_survivors
        on linked.linked_account_id = account_survivors.account_id
    left join accounts
        on account_survivors.survivor_id = accounts.account_id
    left join customers
        on account_survivors.survivor_id = customers.account_id
    left join counted_opportunities
        on linked.opportunity_id = counted_opportunities.opportunity_id
    left join counted_leads
        on linked.surviving_lead_id = counted_leads.lead_id
    left join person_profiles
        on linked.person_id = person_profiles.person_id
    left join reps
        on linked.rep_id = reps.rep_id
    left join assignments
        on
            linked.rep_id = assignments.rep_id
            and coalesce(linked.occurred_on, linked.booked_on, linked.scheduled_on)
            >= assignments.valid_from
            and coalesce(linked.occurred_on, linked.booked_on, linked.scheduled_on)
            < assignments.valid_to
    where not coalesce(accounts.is_test, false)
),

told_apart as (
    select
        joined.*,
        is_done and not is_automated and not is_auto_reply as is_human,
        coalesce(direction = 'outbound', false) as is_outbound,
        coalesce(direction = 'inbound', false) as is_inbound
    from joined
),

-- Somebody answered: wrote or called, or took a call and let us know what they think.
answered as (
    select
        told_apart.*,
        is_human
        and (
            is_inbound
            or (is_outbound and activity_type = 'call' and reply_sentiment is not null)
        ) as is_answer
    from told_apart
)

select
    answered.*,
    is_human and is_outbound as is_outbound_touch,
    -- A number that is dialled by a machine is a touch all the same; what a machine writes is
    -- marketing. KPIs tell the two apart.
    is_done and is_outbound and is_cold and not is_auto_reply and not is_with_customer
        as is_cold_touch,
    is_answer and not is_with_customer and (person_id is not null or account_id is not null)
        as is_reply
from answered
