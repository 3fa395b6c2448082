-- Which person each lead and contact is, before and after merges: a lead is the contact it names,
-- else the one with its e-mail, else with its phone; leads that are no contact are told apart among
-- themselves in the same way.
with leads as (
    select
        leads.lead_id,
        leads.contact_id,
        leads.created_at,
        lower(leads.email) as email_key,
        {{ phone_key('leads.phone') }} as phone_key,
        lead_survivors.survivor_id
    from {{ ref('leads') }} as leads
    inner join {{ ref('int_lead_survivors') }} as lead_survivors
        on leads.lead_id = lead_survivors.lead_id
),

contacts as (
    select
        contacts.contact_id,
        contacts.created_at,
        contacts.is_deleted,
        lower(contacts.email) as email_key,
        {{ phone_key('contacts.phone') }} as phone_key,
        contact_survivors.survivor_id
    from {{ ref('contacts') }} as contacts
    inner join {{ ref('int_contact_survivors') }} as contact_survivors
        on contacts.contact_id = contact_survivors.contact_id
),

contacts_by_email as (
    select
        email_key,
        survivor_id,
        row_number() over (partition by email_key order by created_at, contact_id) as position
    from contacts
    where not is_deleted and email_key is not null
),

contacts_by_phone as (
    select
        phone_key,
        survivor_id,
        row_number() over (partition by phone_key order by created_at, contact_id) as position
    from contacts
    where not is_deleted and phone_key is not null
),

merge_groups as (
    select
        survivor_id,
        min(created_at) as created_at
    from leads
    group by survivor_id
),

surviving_leads as (
    select
        leads.lead_id,
        leads.email_key,
        leads.phone_key,
        merge_groups.created_at,
        coalesce(
            by_link.survivor_id, contacts_by_email.survivor_id, contacts_by_phone.survivor_id
        ) as contact_id
    from leads
    inner join merge_groups
        on leads.lead_id = merge_groups.survivor_id
    left join contacts as by_link
        on leads.contact_id = by_link.contact_id
    left join contacts_by_email
        on leads.email_key = contacts_by_email.email_key and contacts_by_email.position = 1
    left join contacts_by_phone
        on leads.phone_key = contacts_by_phone.phone_key and contacts_by_phone.position = 1
),

leads_by_email as (
    select
        lead_id,
        phone_key,
        created_at,
        case
            when email_key is null then lead_id
            else first_value(lead_id) over (partition by email_key order by created_at, lead_id)
        end as person_lead_id
    from surviving_leads
    where contact_id is null
),

leads_by_phone as (
    select
        lead_id,
        case
            when phone_key is null then lead_id
            else first_value(lead_id) over (partition by phone_key order by created_at, lead_id)
        end as person_lead_id
    from leads_by_email
    where person_lead_id = lead_id
),

lead_people as (
    select
        surviving_leads.lead_id,
        coalesce(
            'contact/' || surviving_leads.contact_id, 'lead/' || leads_by_phone.person_lead_id
        ) as person_id
    from surviving_leads
    left join leads_by_email
        on surviving_leads.lead_id = leads_by_email.lead_id
    left join leads_by_phone
        on leads_by_email.person_lead_id = leads_by_phone.lead_id
)

select
    'lead' as entity,
    leads.lead_id as record_id,
    lead_people.person_id
from leads
inner join lead_people
    on leads.survivor_id = lead_people.lead_id
union all
select
    'contact' as entity,
    contact_id as record_id,
    'contact/' || survivor_id as person_id
from contacts
