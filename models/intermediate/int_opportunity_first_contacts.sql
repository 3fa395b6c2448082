-- When the first two-way contact of each deal was: the earliest touch of the deal, its lead or its
-- main contact in which both sides took part. A touch that belongs to another deal, or that is not
-- later than the close of the account's deal before, does not start this one.
with opportunities as (
    select * from {{ ref('opportunities') }}
    where not is_deleted
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

contact_survivors as (
    select * from {{ ref('int_contact_survivors') }}
),

activities as (
    select * from {{ ref('activities') }}
),

two_way_touches as (
    select
        activities.activity_id,
        activities.opportunity_id,
        lead_survivors.survivor_id as lead_id,
        contact_survivors.survivor_id as contact_id,
        activities.occurred_at
    from activities
    left join lead_survivors
        on activities.lead_id = lead_survivors.lead_id
    left join contact_survivors
        on activities.contact_id = contact_survivors.contact_id
    where
        not activities.is_deleted
        and activities.status = 'completed'
        and not activities.is_automated
        and not activities.is_auto_reply
        and {{ business_date('activities.occurred_at') }} <= {{ as_of_date() }}
        and (
            activities.direction = 'inbound'
            or activities.activity_type in ('call', 'video_meeting', 'in_person_meeting', 'demo')
        )
),

deals as (
    select
        opportunities.opportunity_id,
        account_survivors.survivor_id as account_id,
        lead_survivors.survivor_id as lead_id,
        contact_survivors.survivor_id as contact_id,
        opportunities.created_at,
        opportunities.closed_at
    from opportunities
    left join account_survivors
        on opportunities.account_id = account_survivors.account_id
    left join lead_survivors
        on opportunities.lead_id = lead_survivors.lead_id
    left join contact_survivors
        on opportunities.primary_contact_id = contact_survivors.contact_id
),

earlier_closes as (
    select
        deals.opportunity_id,
        max(earlier.closed_at) as closed_at
    from deals
    inner join deals as earlier
        on
            deals.account_id = earlier.account_id
            and deals.opportunity_id <> earlier.opportunity_id
            and earlier.closed_at <= deals.created_at
    group by deals.opportunity_id
),

candidates as (
    select
        deals.opportunity_id,
        two_way_touches.occurred_at
    from deals
    inner join two_way_touches
        on deals.opportunity_id = two_way_touches.opportunity_id
    union all
    select
        deals.opportunity_id,
        two_way_touches.occurred_at
    from deals
    inner join two_way_touches
        on deals.lead_id = two_way_touches.lead_id
    where two_way_touches.opportunity_id is null
    union all
    select
        deals.opportunity_id,
        two_way_touches.occurred_at
    from deals
    inner join two_way_touches
        on deals.contact_id = two_way_touches.contact_id
    where two_way_touches.opportunity_id is null
)

select
    candidates.opportunity_id,
    min(candidates.occurred_at) as first_contact_at
from candidates
inner join deals
    on candidates.opportunity_id = deals.opportunity_id
left join earlier_closes
    on candidates.opportunity_id = earlier_closes.opportunity_id
where
    (deals.closed_at is null or candidates.occurred_at <= deals.closed_at)
    and (earlier_closes.closed_at is null or candidates.occurred_at > earlier_closes.closed_at)
group by candidates.opportunity_id
