-- One row per cost line that serves the winning of customers, in the reporting currency.
with expenses as (
    select * from {{ ref('expenses') }}
    where not is_deleted and expense_on <= {{ as_of_date() }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
    where is_won and opportunity_type <> 'renewal' and cycle_days is not null
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

-- What is spent today wins customers a sales cycle later.
delays as (
    select
        coalesce(
            floor(
                percentile_cont(0.5) within group (order by cast(cycle_days as {{ type_double() }}))
            ),
            0
        ) as delay_days
    from opportunities
)

select
    expenses.expense_id,
    expenses.expense_on,
    {{ add_days('expenses.expense_on', 'delays.delay_days') }} as takes_effect_on,
    expenses.category,
    coalesce(expenses.campaign_id, 'unassigned') as campaign_id,
    coalesce(expenses.channel, campaigns.channel, 'unassigned') as channel,
    coalesce(expenses.motion, campaigns.motion, 'unassigned') as motion,
    {{ convert('expenses.amount', 'expenses.currency', 'exchange_rates.rate') }} as amount,
    expenses.acquisition_share,
    {{ convert(
        'expenses.amount * expenses.acquisition_share', 'expenses.currency', 'exchange_rates.rate'
    ) }} as acquisition_amount
from expenses
cross join delays
left join campaigns
    on expenses.campaign_id = campaigns.campaign_id
left join exchange_rates
    on
        expenses.currency = exchange_rates.currency
        and expenses.expense_on = exchange_rates.valid_on
