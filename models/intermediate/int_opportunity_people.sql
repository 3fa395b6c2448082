-- The persons behind each deal that counts: that of its lead and that of its main contact.
with opportunities as (
    select * from {{ ref('int_opportunities') }}
),

sources as (
    select * from {{ ref('opportunities') }}
),

people as (
    select * from {{ ref('int_people') }}
),

links as (
    select
        opportunity_id,
        'lead' as entity,
        lead_id as record_id
    from sources
    union all
    select
        opportunity_id,
        'contact' as entity,
        primary_contact_id as record_id
    from sources
)

select distinct
    opportunities.opportunity_id,
    people.person_id
from opportunities
inner join links
    on opportunities.opportunity_id = links.opportunity_id
inner join people
    on links.entity = people.entity and links.record_id = people.record_id
