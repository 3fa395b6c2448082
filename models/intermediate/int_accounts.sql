-- One row per account that survived its merges, test accounts included and marked.
with accounts as (
    select * from {{ ref('accounts') }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
)

select
    accounts.account_id,
    accounts.account_name,
    coalesce(accounts.segment, 'unassigned') as segment,
    coalesce(accounts.vertical, 'unassigned') as vertical,
    coalesce(accounts.business_model, 'unassigned') as business_model,
    coalesce(accounts.account_manager_rep_id, 'unassigned') as account_manager_rep_id,
    accounts.created_at,
    accounts.is_test,
    accounts.is_deleted
from accounts
inner join account_survivors
    on accounts.account_id = account_survivors.account_id
where account_survivors.survivor_id = account_survivors.account_id
