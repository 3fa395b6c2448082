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

touchpoints as (
    select * from {{ ref('fct_marketing_touchpoints') }}
),

impressions as (
    select
        leads.account_id,
        touchpoints.occurred_at,
        nullif(touchpoints.campaign_id, 'unassigned') as campaign_id,
        touchpoints.channel,
        1 as preference
    from touchpoints
    inner join leads
        on touchpoints.lead_id = leads.lead_id
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
