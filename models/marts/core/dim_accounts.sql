-- One row per account that survived its merges. Households have no name here: it is a person's.
with accounts as (
    select * from {{ ref('int_accounts') }}
    where not is_test
),

customers as (
    select * from {{ ref('int_customers') }}
)

select
    accounts.account_id,
    case when accounts.business_model = 'b2c' then 'household' else accounts.account_name end
        as account_name,
    accounts.segment,
    accounts.vertical,
    accounts.business_model,
    accounts.account_manager_rep_id,
    customers.customer_since_on,
    accounts.is_deleted
from accounts
left join customers
    on accounts.account_id = customers.account_id
