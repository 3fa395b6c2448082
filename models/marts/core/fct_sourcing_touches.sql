-- By which kinds of outbound touches the persons behind a deal were approached before it was
-- created.
with opportunities as (
    select * from {{ ref('int_opportunities') }}
),

opportunity_people as (
    select * from {{ ref('int_opportunity_people') }}
),

touches as (
    select * from {{ ref('fct_activities') }}
    where is_outbound_touch
)

select
    opportunities.opportunity_id,
    coalesce(touches.activity_type, 'unassigned') as activity_type,
    count(*) as touches,
    min(touches.occurred_on) as first_touched_on,
    max(touches.occurred_on) as last_touched_on
from opportunities
inner join opportunity_people
    on opportunities.opportunity_id = opportunity_people.opportunity_id
inner join touches
    on
        opportunity_people.person_id = touches.person_id
        and opportunities.created_at > touches.occurred_at
group by opportunities.opportunity_id, coalesce(touches.activity_type, 'unassigned')
