-- One row per campaign and day on which money was spent on it, in the reporting currency.
with spend as (
    select * from {{ ref('campaign_spend') }}
    where not is_deleted and spend_on <= {{ as_of_date() }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
    where not is_deleted and start_on <= {{ as_of_date() }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
)

select
    spend.campaign_id,
    spend.spend_on,
    coalesce(campaigns.channel, 'unassigned') as channel,
    coalesce(campaigns.motion, 'unassigned') as motion,
    {{ convert('spend.amount', 'spend.currency', 'exchange_rates.rate') }} as amount,
    spend.amount as amount_in_currency,
    spend.currency
from spend
inner join campaigns
    on spend.campaign_id = campaigns.campaign_id
left join exchange_rates
    on
        spend.currency = exchange_rates.currency
        and spend.spend_on = exchange_rates.valid_on
