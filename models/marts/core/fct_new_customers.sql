-- One row per account won by a deal: its first won deal that is no renewal, when its onboarding was
-- completed, and when it was lost for the first time after that win.
with first_wins as (
    select * from {{ ref('int_account_first_wins') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

spells as (
    select * from {{ ref('int_customer_spells') }}
),

onboardings as (
    select * from {{ ref('onboardings') }}
    where
        not is_deleted
        and subject_type = 'customer'
        and {{ business_date('completed_at') }} <= {{ as_of_date() }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

deals as (
    select * from {{ ref('opportunities') }}
),

contacts as (
    select * from {{ ref('int_contacts') }}
),

first_losses as (
    select
        first_wins.account_id,
        min(spells.lost_on) as first_lost_on
    from first_wins
    inner join spells
        on first_wins.account_id = spells.account_id and spells.lost_on >= first_wins.closed_on
    group by first_wins.account_id
),

first_onboardings as (
    select
        account_survivors.survivor_id as account_id,
        min({{ business_date('onboardings.completed_at') }}) as onboarded_on
    from onboardings
    inner join account_survivors
        on onboardings.account_id = account_survivors.account_id
    group by account_survivors.survivor_id
)

select
    first_wins.account_id,
    first_wins.opportunity_id,
    first_wins.owner_rep_id as rep_id,
    first_wins.close_team_id as team_id,
    customers.segment,
    coalesce(contacts.buyer_persona, 'unassigned') as buyer_persona,
    first_wins.cycle_bucket,
    first_wins.closed_on as won_on,
    first_onboardings.onboarded_on,
    first_losses.first_lost_on
from first_wins
inner join customers
    on first_wins.account_id = customers.account_id
left join deals
    on first_wins.opportunity_id = deals.opportunity_id
left join contacts
    on deals.primary_contact_id = contacts.contact_id
left join first_onboardings
    on first_wins.account_id = first_onboardings.account_id
left join first_losses
    on first_wins.account_id = first_losses.account_id
