-- One row per lead record, merged and deleted ones too: its survivor, that one's account after
-- merges, and whether the account is for tests.
with leads as (
    select * from {{ ref('leads') }}
),

lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
)

select
    lead_survivors.lead_id,
    lead_survivors.survivor_id,
    coalesce(account_survivors.survivor_id, survivors.account_id) as account_id,
    coalesce(accounts.is_test, false) as is_test
from lead_survivors
left join leads as survivors
    on lead_survivors.survivor_id = survivors.lead_id
left join account_survivors
    on survivors.account_id = account_survivors.account_id
left join accounts
    on account_survivors.survivor_id = accounts.account_id
