-- One row per impression, click or submission on a call-to-action; a click knows its submissions.
with events as (
    select * from {{ ref('int_cta_events') }}
),

submissions as (
    select * from {{ ref('int_cta_submissions') }}
),

ctas as (
    select * from {{ ref('ctas') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

submitted as (
    select
        click_event_id,
        count(*) as submissions,
        min(submitted_at) as first_submitted_at
    from submissions
    group by click_event_id
)

select
    events.cta_event_id,
    events.cta_id,
    ctas.cta_name,
    coalesce(ctas.placement, 'unassigned') as placement,
    coalesce(ctas.campaign_id, 'unassigned') as campaign_id,
    coalesce(campaigns.channel, 'unassigned') as channel,
    events.event_type,
    events.visitor_id,
    events.lead_id,
    events.occurred_at,
    events.occurred_on,
    came_from.click_event_id,
    coalesce(submitted.submissions, 0) as submissions,
    {{ business_date('submitted.first_submitted_at') }} as first_submitted_on
from events
left join ctas
    on events.cta_id = ctas.cta_id
left join campaigns
    on ctas.campaign_id = campaigns.campaign_id
left join submitted
    on events.cta_event_id = submitted.click_event_id
left join submissions as came_from
    on events.cta_event_id = came_from.submission_event_id
