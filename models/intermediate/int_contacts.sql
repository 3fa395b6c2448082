-- One row per contact record, merged ones too: the person it stands for, with the account, segment
-- and persona of that person.
with contacts as (
    select * from {{ ref('contacts') }}
),

contact_survivors as (
    select * from {{ ref('int_contact_survivors') }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
)

select
    contact_survivors.contact_id,
    contact_survivors.survivor_id,
    coalesce(account_survivors.survivor_id, survivors.account_id) as account_id,
    coalesce(accounts.segment, 'unassigned') as segment,
    coalesce(survivors.buyer_persona, 'unassigned') as buyer_persona,
    coalesce(accounts.is_test, false) as is_test
from contact_survivors
left join contacts as survivors
    on contact_survivors.survivor_id = survivors.contact_id
left join account_survivors
    on survivors.account_id = account_survivors.account_id
left join accounts
    on account_survivors.survivor_id = accounts.account_id
