-- One row per event on a call-to-action that a person caused and that is known on as_of_date.
with events as (
    select * from {{ ref('cta_events') }}
    where
        not is_deleted
        and not coalesce(is_bot, false)
        and {{ business_date('occurred_at') }} <= {{ as_of_date() }}
),

lead_accounts as (
    select * from {{ ref('int_lead_accounts') }}
)

select
    events.cta_event_id,
    events.cta_id,
    events.event_type,
    events.visitor_id,
    lead_accounts.survivor_id as lead_id,
    events.occurred_at,
    {{ business_date('events.occurred_at') }} as occurred_on
from events
left join lead_accounts
    on events.lead_id = lead_accounts.lead_id
where not coalesce(lead_accounts.is_test, false)
