-- One row per lead that asked for attention: when it was qualified or filled in a form, and when
-- somebody first got back to it.
{%- set reporting_zone = "'" ~ var('reporting_time_zone') ~ "'" %}
with leads as (
    select * from {{ ref('int_leads') }}
),

lead_records as (
    select * from {{ ref('leads') }}
    where {{ business_date('form_submitted_at') }} <= {{ as_of_date() }}
),

lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

entries as (
    select * from {{ ref('int_lead_stage_entries') }}
),

people as (
    select * from {{ ref('int_people') }}
),

touches as (
    select * from {{ ref('fct_activities') }}
    where is_outbound_touch
),

reps as (
    select * from {{ ref('reps') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

working_hours as (
    select * from {{ ref('dim_working_hours') }}
),

moments as (
    select
        lead_id,
        'mql' as trigger_kind,
        entered_at as triggered_at
    from entries
    where stage = 'mql' and is_from_history
    union all
    select
        lead_survivors.survivor_id as lead_id,
        'form' as trigger_kind,
        lead_records.form_submitted_at as triggered_at
    from lead_records
    inner join lead_survivors
        on lead_records.lead_id = lead_survivors.lead_id
),

ranked_moments as (
    select
        moments.*,
        row_number() over (partition by lead_id order by triggered_at, trigger_kind) as position
    from moments
),

triggers as (
    select
        leads.lead_id,
        leads.owner_rep_id,
        leads.source_channel,
        leads.campaign_id,
        leads.segment,
        people.person_id,
        ranked_moments.trigger_kind,
        ranked_moments.triggered_at,
        {{ business_date('ranked_moments.triggered_at') }} as triggered_on
    from leads
    inner join ranked_moments
        on leads.lead_id = ranked_moments.lead_id and ranked_moments.position = 1
    inner join people
        on leads.lead_id = people.record_id and people.entity = 'lead'
),

-- By anybody, on any lead or contact of the person.
responses as (
    select
        triggers.lead_id,
        touches.activity_id,
        touches.activity_type,
        touches.rep_id,
        touches.occurred_at,
        touches.occurred_on,
        row_number() over (
            partition by triggers.lead_id
            order by touches.occurred_at, touches.activity_id
        ) as position
    from triggers
    inner join touches
        on
            triggers.person_id = touches.person_id
            and triggers.triggered_at <= touches.occurred_at
),

-- Sorted out before anybody had to get back to it.
disqualified as (
    select distinct triggers.lead_id
    from triggers
    inner join entries
        on triggers.lead_id = entries.lead_id and entries.stage = 'disqualified'
    where
        entries.entered_at >= triggers.triggered_at
        and {{ seconds_between('triggers.triggered_at', 'entries.entered_at') }}
        < {{ var('follow_up_grace_hours') * 3600 }}
),

answered as (
    select
        triggers.*,
        reps.calendar_id,
        reps.time_zone,
        coalesce(assignments.team_id, 'unassigned') as owner_team_id,
        coalesce(assignments.territory_id, 'unassigned') as owner_territory_id,
        responses.activity_id as response_activity_id,
        responses.activity_type as response_type,
        responses.rep_id as responder_rep_id,
        responses.occurred_at as responded_at,
        responses.occurred_on as responded_on,
        disqualified.lead_id is not null as is_disqualified_in_grace,
        {{ local_date('triggers.triggered_at', 'reps.time_zone') }} as triggered_local_on,
        {{ local_date('responses.occurred_at', 'reps.time_zone') }} as responded_local_on,
        {{ local_time(
            'triggers.triggered_at', 'coalesce(reps.time_zone, ' ~ reporting_zone ~ ')'
        ) }} as triggered_local_at
    from triggers
    left join reps
        on triggers.owner_rep_id = reps.rep_id
    left join assignments
        on
            triggers.owner_rep_id = assignments.rep_id
            and triggers.triggered_on >= assignments.valid_from
            and triggers.triggered_on < assignments.valid_to
    left join responses
        on triggers.lead_id = responses.lead_id and responses.position = 1
    left join disqualified
        on triggers.lead_id = disqualified.lead_id
)

select
    answered.lead_id,
    answered.person_id,
    answered.trigger_kind,
    answered.triggered_at,
    answered.triggered_on,
    lpad(
        cast(extract('hour' from answered.triggered_local_at) as {{ dbt.type_string() }}), 2, '0'
    ) as hour_of_day,
    answered.owner_rep_id,
    answered.owner_team_id,
    answered.owner_territory_id,
    answered.source_channel,
    answered.campaign_id,
    answered.segment,
    answered.response_activity_id,
    answered.response_type,
    answered.responder_rep_id,
    answered.responded_at,
    answered.responded_on,
    answered.responded_at is not null as is_responded,
    coalesce(
        {{ seconds_between('answered.triggered_at', 'answered.responded_at') }}
        <= {{ var('follow_up_days') * 86400 }},
        false
    ) as is_responded_in_time,
    answered.is_disqualified_in_grace,
    cast({{ ratio(
        seconds_between('answered.triggered_at', 'answered.responded_at'), 60
    ) }} as decimal(18, 6)) as response_minutes,
    cast({{ ratio(
        '(' ~ worked_until('responded_hours', 'answered.responded_at') ~ ') - ('
        ~ worked_until('triggered_hours', 'answered.triggered_at') ~ ')',
        60
    ) }} as decimal(18, 6)) as response_business_minutes
from answered
left join working_hours as triggered_hours
    on
        answered.calendar_id = triggered_hours.calendar_id
        and answered.time_zone = triggered_hours.time_zone
        and answered.triggered_local_on = triggered_hours.date_on
left join working_hours as responded_hours
    on
        answered.calendar_id = responded_hours.calendar_id
        and answered.time_zone = responded_hours.time_zone
        and answered.responded_local_on = responded_hours.date_on
