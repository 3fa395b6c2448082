-- Every day on which a rep was employed, a location open or a piece of collateral to be had: where
-- a count of nothing reads 0.
with reps as (
    select * from {{ ref('reps') }}
    where not is_deleted
),

locations as (
    select * from {{ ref('locations') }}
    where not is_deleted
),

collateral as (
    select * from {{ ref('collateral') }}
    where not is_deleted
),

-- Nobody says when an asset was made: all of them count from the first use of any.
collateral_use as (
    select min({{ business_date('occurred_at') }}) as first_used_on
    from {{ ref('collateral_events') }}
    where not is_deleted and {{ business_date('occurred_at') }} <= {{ as_of_date() }}
),

first_days as (
    select min(hired_on) as first_day
    from reps
    union all
    select first_used_on as first_day
    from collateral_use
),

days as (
    {{ day_spine(
        "(select min(first_day) from first_days)", as_of_date()
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
    union all
    select
        'collateral' as dimension,
        collateral.collateral_id as dimension_value,
        collateral_use.first_used_on as active_from,
        cast(null as date) as active_to
    from collateral
    cross join collateral_use
)

select
    members.dimension,
    members.dimension_value,
    days.day
from members
inner join days
    on members.active_from <= days.day and days.day < coalesce(members.active_to, '9999-12-31')
