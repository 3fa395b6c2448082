-- Per-rep comparison: what a rep sold and did in a month against the benchmarks, and who is below
-- them for so long that help is due.
with months as (
    select * from {{ ref('fct_rep_months') }}
),

set_benchmarks as (
    select
        measure_id,
        dimension_value,
        period_start
    from {{ ref('fct_targets') }}
    where target_kind = 'benchmark' and dimension = 'rep' and period_grain = 'month'
),

reps as (
    select * from {{ ref('dim_reps') }}
),

sales as (
    select
        cells.*,
        case variant when 'bookings' then 'bookings_amount' else 'net_sales_revenue' end
            as measure_id
    from {{ ref('rep_sales_vs_benchmark') }} as cells
    where variant in ('headline', 'bookings') and period_grain = 'month' and dimension = 'rep'
),

declines as (
    select * from {{ ref('rep_sales_vs_benchmark') }}
    where variant = 'declining' and period_grain = 'month' and dimension = 'rep'
),

outreach as (
    select * from {{ ref('outreach_vs_benchmark') }}
    where variant = 'headline' and period_grain = 'month' and dimension = 'rep'
),

-- A benchmark that was set counts before the mean of the peers, revenue before bookings.
ranked_sales as (
    select
        sales.*,
        row_number() over (
            partition by sales.dimension_value, sales.period_start
            order by
                case when sales.kpi_value is null then 1 else 0 end,
                case when set_benchmarks.dimension_value is null then 1 else 0 end,
                sales.measure_id desc
        ) as position
    from sales
    left join set_benchmarks
        on
            sales.measure_id = set_benchmarks.measure_id
            and sales.dimension_value = set_benchmarks.dimension_value
            and sales.period_start = set_benchmarks.period_start
),

compared as (
    select
        months.*,
        ranked_sales.measure_id as sales_measure_id,
        ranked_sales.numerator as sales,
        ranked_sales.denominator as sales_benchmark,
        ranked_sales.kpi_value as sales_vs_benchmark,
        outreach.numerator as outreach,
        outreach.denominator as outreach_benchmark,
        outreach.kpi_value as outreach_vs_benchmark,
        declines.numerator = 1 as is_declining,
        -- A part of a month is behind the benchmark of a whole one, however good it was.
        case
            when not months.is_complete_month or not months.is_whole_month then null
            when ranked_sales.kpi_value < 1 or outreach.kpi_value < 1 then true
            when ranked_sales.kpi_value is not null or outreach.kpi_value is not null then false
        end as is_below_benchmark
    from months
    left join ranked_sales
        on
            months.rep_id = ranked_sales.dimension_value
            and months.month_start = ranked_sales.period_start
            and ranked_sales.position = 1
    left join outreach
        on
            months.rep_id = outreach.dimension_value
            and months.month_start = outreach.period_start
    left join declines
        on
            months.rep_id = declines.dimension_value
            and months.month_start = declines.period_start
),

-- A month that is not below, or of which nothing can be said, ends a run of months.
runs as (
    select
        compared.*,
        sum(case when is_below_benchmark then 0 else 1 end) over (
            partition by rep_id
            order by month_start
            rows between unbounded preceding and current row
        ) as run
    from compared
),

counted as (
    select
        runs.*,
        cast(sum(case when is_below_benchmark then 1 else 0 end) over (
            partition by rep_id, run
            order by month_start
            rows between unbounded preceding and current row
        ) as bigint) as months_below
    from runs
)

select
    counted.rep_id,
    reps.full_name,
    counted.team_id,
    counted.role,
    cast('month' as {{ dbt.type_string() }}) as period_grain,
    counted.month_start as period_start,
    counted.sales_measure_id,
    counted.sales,
    counted.sales_benchmark,
    counted.sales_vs_benchmark,
    counted.outreach,
    counted.outreach_benchmark,
    counted.outreach_vs_benchmark,
    counted.is_declining,
    counted.is_below_benchmark,
    case when counted.is_below_benchmark is not null then counted.months_below end
        as months_below_in_a_row,
    case
        when counted.is_below_benchmark is not null
            then counted.months_below >= {{ var('support_months') }}
    end as is_support_needed,
    counted.is_whole_month,
    counted.is_complete_month as is_complete_period
from counted
left join reps
    on counted.rep_id = reps.rep_id
where
    counted.sales_vs_benchmark is not null
    or counted.outreach_vs_benchmark is not null
    or counted.is_declining
