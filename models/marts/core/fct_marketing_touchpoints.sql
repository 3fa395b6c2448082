-- One row per marketing touch of a lead or an anonymous visitor. A visitor is anonymous until one
-- of the touches names a lead; then the earlier ones are that lead's too.
with touchpoints as (
    select * from {{ ref('marketing_touchpoints') }}
    where not is_deleted and {{ business_date('occurred_at') }} <= {{ as_of_date() }}
),

lead_accounts as (
    select * from {{ ref('int_lead_accounts') }}
),

leads as (
    select * from {{ ref('int_leads') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

identified as (
    select
        visitor_id,
        min(lead_id) as lead_id
    from touchpoints
    where visitor_id is not null and lead_id is not null
    group by visitor_id
),

named as (
    select
        touchpoints.*,
        coalesce(touchpoints.lead_id, identified.lead_id) as named_lead_id
    from touchpoints
    left join identified
        on touchpoints.visitor_id = identified.visitor_id
)

select
    named.touchpoint_id,
    named.touch_type,
    lead_accounts.survivor_id as lead_id,
    lead_accounts.account_id,
    named.visitor_id,
    coalesce(named.campaign_id, 'unassigned') as campaign_id,
    coalesce(campaigns.channel, leads.source_channel, 'unassigned') as channel,
    coalesce(leads.segment, 'unassigned') as segment,
    named.occurred_at,
    {{ business_date('named.occurred_at') }} as occurred_on
from named
left join lead_accounts
    on named.named_lead_id = lead_accounts.lead_id
left join leads
    on lead_accounts.survivor_id = leads.lead_id
left join campaigns
    on named.campaign_id = campaigns.campaign_id
where not coalesce(lead_accounts.is_test, false)
