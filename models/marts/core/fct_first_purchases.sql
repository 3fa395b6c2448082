-- One row per account that bought: its first contact with our marketing, through any of its leads,
-- and its first purchase. Without a touchpoint the creation of its earliest lead stands in.
with customers as (
    select * from {{ ref('int_customers') }}
    where first_purchase_at is not null
),

-- Only of those who bought: most leads never do.
leads as (
    select int_leads.*
    from {{ ref('int_leads') }} as int_leads
    inner join customers
        on int_leads.account_id = customers.account_id
),

lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

touchpoints as (
    select * from {{ ref('marketing_touchpoints') }}
    where not is_deleted and {{ business_date('occurred_at') }} <= {{ as_of_date() }}
),

-- A visitor is anonymous until one of the touchpoints names a lead; then the earlier ones are its
-- too.
identified as (
    select
        visitor_id,
        min(lead_id) as lead_id
    from touchpoints
    where visitor_id is not null and lead_id is not null
    group by visitor_id
),

impressions as (
    select
        leads.account_id,
        touchpoints.occurred_at,
        touchpoints.campaign_id,
        coalesce(campaigns.channel, leads.source_channel) as channel,
        1 as preference
    from touchpoints
    left join identified
        on touchpoints.visitor_id = identified.visitor_id
    inner join lead_survivors
        on coalesce(touchpoints.lead_id, identified.lead_id) = lead_survivors.lead_id
    inner join leads
        on lead_survivors.survivor_id = leads.lead_id
    left join campaigns
        on touchpoints.campaign_id = campaigns.campaign_id
    union all
    select
        account_id,
        created_at as occurred_at,
        campaign_id,
        source_channel as channel,
        2 as preference
    from leads
),

ranked as (
    select
        impressions.*,
        row_number() over (
            partition by account_id
            order by preference, occurred_at, campaign_id nulls last, channel nulls last
        ) as position
    from impressions
    where account_id is not null
)

select
    customers.account_id,
    customers.segment,
    coalesce(ranked.channel, 'unassigned') as first_channel,
    coalesce(ranked.campaign_id, 'unassigned') as first_campaign_id,
    ranked.occurred_at as first_impression_at,
    {{ business_date('ranked.occurred_at') }} as first_impression_on,
    customers.first_purchase_at,
    customers.customer_since_on as first_purchase_on
from customers
inner join ranked
    on customers.account_id = ranked.account_id and ranked.position = 1
