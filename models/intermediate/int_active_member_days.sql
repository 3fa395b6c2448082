-- Every day on which a rep was employed or a location open: where a count of nothing reads 0.
with reps as (
    select * from {{ ref('reps') }}
    where not is_deleted
),

locations as (
    select * from {{ ref('locations') }}
    where not is_deleted
),

days as (
    {{ day_spine(
        "(select min(hired_on) from reps)", as_of_date()
    ) | indent(4) }}
),

members as (
    select
        'rep' as dimension,
        rep_id as dimension_value,
        hired_on as active_from,
        terminated_on as active_to
    from reps
    union all
    select
        'location' as dimension,
        location_id as dimension_value,
        coalesce(opened_on, (select min(hired_on) from reps)) as active_from,
        closed_on as active_to
    from locations
)

select
    members.dimension,
    members.dimension_value,
    days.day
from members
inner join days
    on members.active_from <= days.day and days.day < coalesce(members.active_to, '9999-12-31')
