-- The deal each human touch belongs to: the one it names, else the newest one its account had open
-- at the moment, else, before the account had any, its first. A touch belongs to one deal at most.
with activities as (
    select * from {{ ref('int_activities') }}
    where is_human
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

opportunity_people as (
    select * from {{ ref('int_opportunity_people') }}
),

-- A touch without an account goes by the first deal of its person.
person_deals as (
    select
        opportunity_people.person_id,
        opportunities.account_id,
        row_number() over (
            partition by opportunity_people.person_id
            order by opportunities.created_at, opportunities.opportunity_id
        ) as position
    from opportunity_people
    inner join opportunities
        on opportunity_people.opportunity_id = opportunities.opportunity_id
),

located as (
    select
        activities.activity_id,
        activities.occurred_at,
        named.opportunity_id,
        coalesce(activities.account_id, person_deals.account_id) as account_id
    from activities
    left join opportunities as named
        on activities.opportunity_id = named.opportunity_id
    left join person_deals
        on activities.person_id = person_deals.person_id and person_deals.position = 1
),

candidates as (
    select
        located.activity_id,
        opportunities.opportunity_id,
        opportunities.created_at,
        located.occurred_at >= opportunities.created_at as is_created_by_then,
        located.occurred_at >= opportunities.created_at
        and located.occurred_at <= coalesce(opportunities.closed_at, located.occurred_at)
            as is_open_then
    from located
    inner join opportunities
        on located.account_id = opportunities.account_id
    where located.opportunity_id is null
),

newest_open as (
    select
        activity_id,
        opportunity_id,
        row_number() over (
            partition by activity_id
            order by created_at desc, opportunity_id desc
        ) as position
    from candidates
    where is_open_then
),

first_to_come as (
    select
        activity_id,
        opportunity_id,
        row_number() over (partition by activity_id order by created_at, opportunity_id)
            as position,
        max(case when is_created_by_then then 1 else 0 end) over (partition by activity_id)
            as has_earlier_deal
    from candidates
)

select
    activity_id,
    opportunity_id
from located
where opportunity_id is not null
union all
select
    activity_id,
    opportunity_id
from newest_open
where position = 1
union all
select
    activity_id,
    opportunity_id
from first_to_come
where position = 1 and has_earlier_deal = 0
