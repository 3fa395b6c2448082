-- How each prospect was approached until it converted, or so far: one row per type of touch.
with prospects as (
    select * from {{ ref('fct_prospects') }}
),

activities as (
    select * from {{ ref('fct_activities') }}
    where is_outbound_touch
),

touches as (
    select
        prospects.person_id,
        coalesce(activities.activity_type, 'unassigned') as method,
        activities.occurred_at,
        activities.occurred_on,
        row_number() over (
            partition by prospects.person_id
            order by activities.occurred_at, activities.activity_id
        ) as touch_number
    from prospects
    inner join activities
        on prospects.person_id = activities.person_id
    where prospects.converted_at is null or activities.occurred_at <= prospects.converted_at
),

methods as (
    select
        person_id,
        method,
        count(*) as touches,
        min(touch_number) as first_touch_number,
        min(occurred_at) as first_used_at,
        min(occurred_on) as first_used_on
    from touches
    group by person_id, method
),

ranked as (
    select
        methods.*,
        row_number() over (
            partition by person_id
            order by touches desc, first_touch_number asc
        ) as position
    from methods
)

select
    person_id,
    method,
    touches,
    first_touch_number,
    first_used_at,
    first_used_on,
    first_touch_number = 1 as is_first_method,
    position = 1 as is_majority_method
from ranked
