-- One row per acquisition, of each type that can be taken for one: an account's first won deal, a
-- form that was filled in, an asset that was downloaded.
with first_wins as (
    select * from {{ ref('int_account_first_wins') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

touchpoints as (
    select * from {{ ref('fct_marketing_touchpoints') }}
)

select
    'closed_deal' as acquisition_type,
    first_wins.opportunity_id as acquisition_id,
    first_wins.account_id,
    first_wins.lead_id,
    opportunities.campaign_id,
    opportunities.source_channel as channel,
    opportunities.segment,
    first_wins.closed_on as occurred_on
from first_wins
inner join opportunities
    on first_wins.opportunity_id = opportunities.opportunity_id
union all
select
    touch_type as acquisition_type,
    touchpoint_id as acquisition_id,
    account_id,
    lead_id,
    campaign_id,
    channel,
    segment,
    occurred_on
from touchpoints
where touch_type in ('form_fill', 'asset_download')
