-- One row per upsell or cross-sell deal that counts, and how long its account had been a customer.
with opportunities as (
    select * from {{ ref('int_opportunities') }}
    where opportunity_type in ('upsell', 'cross_sell')
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

joined as (
    select
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.opportunity_type,
        opportunities.owner_rep_id as rep_id,
        opportunities.close_team_id as team_id,
        opportunities.segment,
        opportunities.vertical,
        coalesce(accounts.account_manager_rep_id, 'unassigned') as account_manager_rep_id,
        opportunities.source_channel,
        opportunities.sales_play,
        opportunities.created_on,
        opportunities.closed_on,
        opportunities.is_open,
        opportunities.is_won,
        opportunities.is_lost,
        opportunities.amount,
        customers.customer_since_on,
        coalesce(opportunities.closed_on >= customers.customer_since_on, false) as is_of_customer,
        case
            when opportunities.closed_on >= customers.customer_since_on
                then {{ months_between('customers.customer_since_on', 'opportunities.closed_on') }}
        end as tenure_months
    from opportunities
    left join accounts
        on opportunities.account_id = accounts.account_id
    left join customers
        on opportunities.account_id = customers.account_id
)

select
    joined.*,
    case
        when tenure_months < 6 then '00-06'
        when tenure_months < 12 then '06-12'
        when tenure_months < 24 then '12-24'
        when tenure_months >= 24 then '24+'
        else 'unassigned'
    end as tenure_bucket
from joined
