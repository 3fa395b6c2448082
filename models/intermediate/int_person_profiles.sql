-- What is known of each person: the first lead it was, and the account it belongs to.
with people as (
    select * from {{ ref('int_people') }}
),

leads as (
    select * from {{ ref('int_leads') }}
),

contacts as (
    select * from {{ ref('contacts') }}
),

contact_survivors as (
    select * from {{ ref('int_contact_survivors') }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

ranked_leads as (
    select
        people.person_id,
        leads.*,
        row_number() over (
            partition by people.person_id
            order by leads.created_at, leads.lead_id
        ) as position
    from people
    inner join leads
        on people.entity = 'lead' and people.record_id = leads.lead_id
),

first_leads as (
    select * from ranked_leads
    where position = 1
),

surviving_contacts as (
    select
        'contact/' || contacts.contact_id as person_id,
        contacts.contact_id,
        coalesce(account_survivors.survivor_id, contacts.account_id) as account_id
    from contacts
    inner join contact_survivors
        on
            contacts.contact_id = contact_survivors.contact_id
            and contacts.contact_id = contact_survivors.survivor_id
    left join account_survivors
        on contacts.account_id = account_survivors.account_id
),

persons as (
    select distinct person_id
    from people
)

select
    persons.person_id,
    first_leads.lead_id,
    surviving_contacts.contact_id,
    coalesce(first_leads.account_id, surviving_contacts.account_id) as account_id,
    coalesce(first_leads.source_channel, 'unassigned') as source_channel,
    coalesce(first_leads.campaign_id, 'unassigned') as campaign_id,
    coalesce(first_leads.segment, 'unassigned') as segment
from persons
left join first_leads
    on persons.person_id = first_leads.person_id
left join surviving_contacts
    on persons.person_id = surviving_contacts.person_id
