-- Which person each contact is: the merge chain first, then the same e-mail, then the same phone.
with contacts as (
    select
        contact_id,
        created_at,
        lower(email) as email_key,
        {{ phone_key('phone') }} as phone_key
    from {{ ref('contacts') }}
    where not is_deleted
),

merged as (
    {{ survivors(ref('contacts'), 'contact_id', 'merged_into_contact_id') | indent(4) }}
),

by_email as (
    select
        contacts.contact_id,
        contacts.created_at,
        contacts.phone_key,
        case
            when contacts.email_key is null then contacts.contact_id
            else first_value(contacts.contact_id) over (
                partition by contacts.email_key
                order by contacts.created_at, contacts.contact_id
            )
        end as survivor_id
    from contacts
    inner join merged
        on contacts.contact_id = merged.contact_id
    where merged.survivor_id = merged.contact_id
),

by_phone as (
    select
        contact_id,
        case
            when phone_key is null then contact_id
            else first_value(contact_id) over (
                partition by phone_key
                order by created_at, contact_id
            )
        end as survivor_id
    from by_email
    where survivor_id = contact_id
)

select
    merged.contact_id,
    coalesce(by_phone.survivor_id, by_email.survivor_id, merged.survivor_id) as survivor_id
from merged
left join by_email
    on merged.survivor_id = by_email.contact_id
left join by_phone
    on by_email.survivor_id = by_phone.contact_id
