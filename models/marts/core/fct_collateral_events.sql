-- One row per use of a piece of collateral: shared, viewed, downloaded or trained on.
with events as (
    select * from {{ ref('collateral_events') }}
    where not is_deleted and {{ business_date('occurred_at') }} <= {{ as_of_date() }}
),

collateral as (
    select * from {{ ref('collateral') }}
),

contacts as (
    select * from {{ ref('int_contacts') }}
),

opportunities as (
    select * from {{ ref('opportunities') }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

-- The account of the contact, else that of the deal.
located as (
    select
        events.*,
        contacts.survivor_id,
        coalesce(contacts.buyer_persona, 'unassigned') as buyer_persona,
        coalesce(contacts.account_id, account_survivors.survivor_id, opportunities.account_id)
            as account_id
    from events
    left join contacts
        on events.contact_id = contacts.contact_id
    left join opportunities
        on events.opportunity_id = opportunities.opportunity_id
    left join account_survivors
        on opportunities.account_id = account_survivors.account_id
)

select
    located.collateral_event_id,
    located.collateral_id,
    collateral.title,
    coalesce(collateral.collateral_type, 'unassigned') as collateral_type,
    located.event_type,
    coalesce(located.rep_id, 'unassigned') as rep_id,
    located.survivor_id as contact_id,
    located.buyer_persona,
    located.account_id,
    coalesce(accounts.segment, 'unassigned') as segment,
    located.opportunity_id,
    located.occurred_at,
    {{ business_date('located.occurred_at') }} as occurred_on
from located
left join collateral
    on located.collateral_id = collateral.collateral_id
left join accounts
    on located.account_id = accounts.account_id
where not coalesce(accounts.is_test, false)
