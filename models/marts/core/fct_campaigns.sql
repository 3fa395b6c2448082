-- One row per campaign that has begun, with its cost and the leads it brought over its whole life.
with campaigns as (
    select * from {{ ref('campaigns') }}
    where not is_deleted and start_on <= {{ as_of_date() }}
),

spend as (
    select * from {{ ref('fct_campaign_spend') }}
),

leads as (
    select * from {{ ref('fct_leads') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

spent as (
    select
        campaign_id,
        sum(amount) as amount
    from spend
    group by campaign_id
),

gained as (
    select
        leads.campaign_id,
        count(*) as leads,
        count(case when leads.created_on > campaigns.end_on then 1 end) as late_leads,
        count(leads.customer_on) as customers
    from leads
    inner join campaigns
        on leads.campaign_id = campaigns.campaign_id
    group by leads.campaign_id
)

select
    campaigns.campaign_id,
    campaigns.campaign_name,
    coalesce(campaigns.channel, 'unassigned') as channel,
    coalesce(campaigns.motion, 'unassigned') as motion,
    campaigns.start_on,
    campaigns.end_on,
    {{ convert('campaigns.budget_amount', 'campaigns.currency', 'exchange_rates.rate') }}
        as budget_amount,
    campaigns.budget_amount as budget_amount_in_currency,
    campaigns.currency,
    spent.amount as spent_amount,
    coalesce(gained.leads, 0) as leads,
    coalesce(gained.late_leads, 0) as late_leads,
    coalesce(gained.customers, 0) as customers
from campaigns
left join spent
    on campaigns.campaign_id = spent.campaign_id
left join gained
    on campaigns.campaign_id = gained.campaign_id
left join exchange_rates
    on
        campaigns.currency = exchange_rates.currency
        and campaigns.start_on = exchange_rates.valid_on
