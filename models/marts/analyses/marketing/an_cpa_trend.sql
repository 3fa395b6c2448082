-- Cost per acquisition over time: month by month, and as a moving ratio of sums that one good or
-- bad month does not turn round.
{%- set months = var('moving_months') %}
with cells as (
    select
        period_start,
        numerator as cost,
        cast(denominator as bigint) as acquisitions
    from {{ ref('cost_per_acquisition') }}
    where variant = 'headline' and period_grain = 'month' and dimension = 'all'
),

-- A month without cost and acquisitions is a month too.
calendar_months as (
    select distinct month_starts_on as period_start
    from {{ ref('dim_date') }}
    where
        date_on >= (select min(period_start) from cells)
        and date_on <= {{ as_of_date() }}
),

monthly as (
    select
        calendar_months.period_start,
        coalesce(cells.cost, 0) as cost,
        coalesce(cells.acquisitions, 0) as acquisitions
    from calendar_months
    left join cells
        on calendar_months.period_start = cells.period_start
),

moving as (
    select
        period_start,
        cost,
        acquisitions,
        row_number() over (order by period_start) >= {{ months }} as is_whole_window,
        sum(cost) over (
            order by period_start
            rows between {{ months - 1 }} preceding and current row
        ) as moving_cost,
        sum(acquisitions) over (
            order by period_start
            rows between {{ months - 1 }} preceding and current row
        ) as moving_acquisitions
    from monthly
),

-- The window before has no month in common with this one.
compared as (
    select
        moving.*,
        lag(case when is_whole_window then moving_cost end, {{ months }})
            over (order by period_start) as previous_cost,
        lag(case when is_whole_window then moving_acquisitions end, {{ months }})
            over (order by period_start) as previous_acquisitions,
        {{ period_end('period_start', 'month') }} <= {{ add_days(as_of_date(), 1) }}
            as is_complete_period
    from moving
),

judged as (
    select
        compared.*,
        is_complete_period
        and is_whole_window
        and moving_acquisitions >= {{ var('min_n') }}
        and previous_acquisitions >= {{ var('min_n') }} as is_comparable
    from compared
)

select
    'month' as period_grain,
    period_start,
    cast(cost as decimal(18, 2)) as cost,
    acquisitions,
    case
        when acquisitions >= {{ var('min_n') }} then {{ ratio('cost', 'acquisitions') }}
    end as cost_per_acquisition,
    cast(case when is_whole_window then moving_cost end as decimal(18, 2)) as moving_cost,
    cast(case when is_whole_window then moving_acquisitions end as bigint)
        as moving_acquisitions,
    case
        when is_whole_window and moving_acquisitions >= {{ var('min_n') }}
            then {{ ratio('moving_cost', 'moving_acquisitions') }}
    end as moving_cost_per_acquisition,
    cast(previous_cost as decimal(18, 2)) as previous_cost,
    cast(previous_acquisitions as bigint) as previous_acquisitions,
    case
        when previous_acquisitions >= {{ var('min_n') }}
            then {{ ratio('previous_cost', 'previous_acquisitions') }}
    end as previous_cost_per_acquisition,
    case
        when is_comparable
            then {{ ratio(
                'moving_cost * previous_acquisitions - previous_cost * moving_acquisitions',
                'previous_cost * moving_acquisitions'
            ) }}
    end as change,
    case
        when not is_comparable then null
        when moving_cost * previous_acquisitions < previous_cost * moving_acquisitions
            then 'falling'
        when moving_cost * previous_acquisitions > previous_cost * moving_acquisitions
            then 'rising'
        when moving_cost * previous_acquisitions = previous_cost * moving_acquisitions
            then 'unchanged'
    end as direction,
    is_complete_period
from judged
