-- Cost per lead: the budget of the campaigns that began in a period for each lead they ever
-- brought.
with campaigns as (
    select * from {{ ref('fct_campaigns') }}
),

spend as (
    select * from {{ ref('fct_campaign_spend') }}
),

leads as (
    select * from {{ ref('fct_leads') }}
),

records as (
    select
        'headline' as variant,
        campaign_id as record_id,
        start_on as occurred_on,
        budget_amount as numerator,
        leads as denominator,
        campaign_id as campaign,
        channel,
        motion
    from campaigns
    where budget_amount is not null
    union all
    -- Where nobody reports any spend, it is not known and not 0.
    select
        'actual_spend' as variant,
        campaign_id as record_id,
        start_on as occurred_on,
        coalesce(spent_amount, 0) as numerator,
        leads as denominator,
        campaign_id as campaign,
        channel,
        motion
    from campaigns
    where exists (select 1 from spend)
    union all
    -- Month by month: a budget has no month, but what is spent and who comes has.
    select
        'monthly_spend' as variant,
        campaign_id as record_id,
        spend_on as occurred_on,
        amount as numerator,
        0 as denominator,
        campaign_id as campaign,
        channel,
        motion
    from spend
    union all
    select
        'monthly_spend' as variant,
        leads.lead_id as record_id,
        leads.created_on as occurred_on,
        0 as numerator,
        1 as denominator,
        campaigns.campaign_id as campaign,
        campaigns.channel,
        campaigns.motion
    from leads
    inner join campaigns
        on leads.campaign_id = campaigns.campaign_id
)

{{ kpi(
    'cost_per_lead',
    kind='ratio',
    dimensions=['campaign', 'channel', 'motion'],
    variants={
        'headline': {'time_basis': 'cohort'},
        'actual_spend': {'time_basis': 'cohort'},
        'monthly_spend': {'time_basis': 'event'},
    },
    grains=month_grains(),
) }}
