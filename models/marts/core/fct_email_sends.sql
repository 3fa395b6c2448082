-- One row per e-mail sent to one recipient, with what became of it.
with sends as (
    select * from {{ ref('email_sends') }}
    where not is_deleted and {{ business_date('sent_at') }} <= {{ as_of_date() }}
),

events as (
    select * from {{ ref('email_events') }}
    where not is_deleted and {{ business_date('occurred_at') }} <= {{ as_of_date() }}
),

contacts as (
    select * from {{ ref('int_contacts') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

-- Privacy proxies open every e-mail; only a person's opening says that somebody read it.
outcomes as (
    select
        email_send_id,
        max(case when event_type = 'delivered' then 1 else 0 end) = 1 as has_delivery,
        max(case when event_type = 'bounced' then 1 else 0 end) = 1 as is_bounced,
        max(case when event_type in ('opened', 'clicked') then 1 else 0 end) = 1 as is_reacted_to,
        max(case when event_type = 'opened' then 1 else 0 end) = 1 as has_any_open,
        min(
            case
                when event_type = 'opened' and not coalesce(is_machine_open, false)
                    then occurred_at
            end
        ) as first_opened_at,
        max(case when event_type = 'clicked' then 1 else 0 end) = 1 as is_clicked,
        max(case when event_type = 'unsubscribed' then 1 else 0 end) = 1 as is_unsubscribed
    from events
    group by email_send_id
)

select
    sends.email_send_id,
    coalesce(sends.campaign_id, 'unassigned') as campaign_id,
    coalesce(campaigns.channel, 'unassigned') as channel,
    coalesce(sends.rep_id, 'unassigned') as rep_id,
    coalesce(lower(sends.subject_variant), 'unassigned') as subject_variant,
    contacts.survivor_id as contact_id,
    contacts.account_id,
    coalesce(contacts.segment, 'unassigned') as segment,
    sends.sent_at,
    {{ business_date('sends.sent_at') }} as sent_on,
    -- Whoever opened it or clicked in it has got it, whatever was reported besides.
    coalesce(
        outcomes.is_reacted_to or (outcomes.has_delivery and not outcomes.is_bounced), false
    ) as is_delivered,
    coalesce(outcomes.is_bounced, false) as is_bounced,
    outcomes.first_opened_at is not null as is_opened,
    coalesce(outcomes.has_any_open, false) as is_opened_or_fetched,
    {{ business_date('outcomes.first_opened_at') }} as first_opened_on,
    coalesce(outcomes.is_clicked, false) as is_clicked,
    coalesce(outcomes.is_unsubscribed, false) as is_unsubscribed
from sends
left join outcomes
    on sends.email_send_id = outcomes.email_send_id
left join contacts
    on sends.contact_id = contacts.contact_id
left join campaigns
    on sends.campaign_id = campaigns.campaign_id
where not coalesce(contacts.is_test, false)
