-- Monthly sales growth: the change of net sales revenue against the month before, as a share of it.
-- The running month is compared with the same number of days of the month before.
{%- set dimensions = ['all'] + kpi_dimensions(['rep', 'team', 'location']) %}
with revenue as (
    select
        period_start as day,
        dimension,
        dimension_value,
        numerator as amount
    from {{ ref('net_sales_revenue') }}
    where
        variant = 'headline'
        and period_grain = 'day'
        and dimension in ('{{ dimensions | join("', '") }}') -- noqa: LT05
),

members as (
    select
        dimension,
        dimension_value,
        min(day) as first_day
    from revenue
    group by dimension, dimension_value
),

days as (
    {{ day_spine('(select min(members.first_day) from members)', as_of_date()) | indent(4) }}
),

months as (
    select distinct
        {{ period_start('day', 'month') }} as month_start,
        {{ add_months(period_start('day', 'month'), -1) }} as previous_start,
        least(
            {{ period_end(period_start('day', 'month'), 'month') }},
            {{ add_days(as_of_date(), 1) }}
        ) as known_end
    from days
),

-- A complete month is compared with the whole month before, whatever their lengths.
compared as (
    select
        months.*,
        case
            when known_end = {{ period_end('month_start', 'month') }} then month_start
            else least(
                {{ add_days('previous_start', days_between('month_start', 'known_end')) }},
                month_start
            )
        end as previous_end
    from months
),

-- Every month since the first sale has a row: one without sales is 0 and is not skipped.
totals as (
    select
        compared.month_start,
        members.dimension,
        members.dimension_value,
        coalesce(sum(case when revenue.day >= compared.month_start then revenue.amount end), 0)
            as amount,
        coalesce(sum(case when revenue.day < compared.previous_end then revenue.amount end), 0)
            as previous_amount
    from compared
    inner join members
        on members.first_day < compared.known_end
    left join revenue
        on
            members.dimension = revenue.dimension
            and members.dimension_value = revenue.dimension_value
            and revenue.day >= compared.previous_start
            and revenue.day < compared.known_end
    group by compared.month_start, members.dimension, members.dimension_value
),

-- From nothing, or from a month of refunds, there is no growth rate.
cells as (
    select
        'headline' as variant,
        'month' as period_grain,
        month_start as period_start,
        dimension,
        dimension_value,
        amount - previous_amount as numerator,
        case when previous_amount > 0 then previous_amount end as denominator,
        1 as sample_size
    from totals
)

{{ kpi_cells(
    'monthly_sales_growth',
    kind='ratio',
    variants={'headline': {'time_basis': 'event'}},
    grains=['month'],
) }}
