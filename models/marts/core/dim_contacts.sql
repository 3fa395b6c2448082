-- One row per person outside the company: the contact that survived its merges. Names, addresses
-- and numbers stay behind; of a person only the key, the account and the persona are published.
with contacts as (
    select * from {{ ref('contacts') }}
),

people as (
    select * from {{ ref('int_contacts') }}
    where contact_id = survivor_id and not is_test
)

select
    people.contact_id,
    people.account_id,
    people.segment,
    people.buyer_persona,
    {{ business_date('contacts.created_at') }} as created_on,
    contacts.is_deleted
from people
inner join contacts
    on people.contact_id = contacts.contact_id
