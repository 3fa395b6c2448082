-- One row per working calendar and day: whether it is worked, from when to when, and how many
-- working days of its month have passed with it.
with dates as (
    select * from {{ ref('dim_date') }}
),

calendars as (
    select * from {{ ref('business_calendars') }}
    where not is_deleted
),

holidays as (
    select * from {{ ref('calendar_holidays') }}
    where not is_deleted
),

days as (
    select
        calendars.calendar_id,
        dates.date_on,
        dates.month_starts_on,
        holidays.holiday_on is not null as is_holiday,
        calendars.is_working and holidays.holiday_on is null as is_working,
        calendars.opens_at,
        calendars.closes_at
    from dates
    inner join calendars
        on dates.weekday_iso = calendars.weekday_iso
    left join holidays
        on
            calendars.calendar_id = holidays.calendar_id
            and dates.date_on = holidays.holiday_on
)

select
    calendar_id,
    date_on,
    is_working,
    is_holiday,
    case when is_working then opens_at end as opens_at,
    case when is_working then closes_at end as closes_at,
    sum(case when is_working then 1 else 0 end) over (
        partition by calendar_id, month_starts_on
        order by date_on
        rows between unbounded preceding and current row
    ) as working_day_of_month
from days
