-- One row per office (working calendar and time zone) and day: from when to when it is worked, in
-- UTC, and how much was worked before. Working time between two moments is the difference of what
-- was worked up to each.
with reps as (
    select * from {{ ref('reps') }}
),

dates as (
    select * from {{ ref('dim_date') }}
    where date_on <= {{ add_days(as_of_date(), 2) }}
),

working_days as (
    select * from {{ ref('dim_working_days') }}
),

calendars as (
    select distinct calendar_id
    from working_days
),

offices as (
    select distinct
        reps.calendar_id,
        reps.time_zone
    from reps
    inner join calendars
        on reps.calendar_id = calendars.calendar_id
    where reps.time_zone is not null
),

-- A weekday that a calendar does not name is not worked. Without hours all of a working day is.
windows as (
    select
        offices.calendar_id,
        offices.time_zone,
        dates.date_on,
        coalesce(working_days.is_working, false) as is_working,
        case
            when working_days.is_working
                then {{ utc_time(
                    at_time(
                        'dates.date_on',
                        "coalesce(working_days.opens_at, cast('00:00:00' as time))"
                    ),
                    'offices.time_zone'
                ) }}
        end as opens_at,
        case
            when working_days.is_working and working_days.closes_at is null
                then {{ utc_time(
                    at_time(add_days('dates.date_on', 1), "cast('00:00:00' as time)"),
                    'offices.time_zone'
                ) }}
            when working_days.is_working
                then {{ utc_time(
                    at_time('dates.date_on', 'working_days.closes_at'), 'offices.time_zone'
                ) }}
        end as closes_at
    from offices
    cross join dates
    left join working_days
        on
            offices.calendar_id = working_days.calendar_id
            and dates.date_on = working_days.date_on
),

measured as (
    select
        windows.*,
        greatest(coalesce({{ seconds_between('opens_at', 'closes_at') }}, 0), 0)
            as working_seconds
    from windows
)

select
    calendar_id,
    time_zone,
    date_on,
    is_working,
    opens_at,
    closes_at,
    working_seconds,
    sum(working_seconds) over (
        partition by calendar_id, time_zone
        order by date_on
        rows between unbounded preceding and current row
    ) - working_seconds as working_seconds_before
from measured
