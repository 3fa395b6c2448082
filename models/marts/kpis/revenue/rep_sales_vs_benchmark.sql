-- Rep sales against benchmark: what a rep sold in a month over the rep's benchmark for it or, where
-- none was set, over what the others of the same role sold on average.
{%- set measures = {'headline': 'net_sales_revenue', 'bookings': 'bookings_amount'} %}
with months as (
    select * from {{ ref('fct_rep_months') }}
),

benchmarks as (
    select
        fct_targets.*,
        row_number() over (
            partition by measure_id, dimension_value, period_start
            order by target_id
        ) as position
    from {{ ref('fct_targets') }} as fct_targets
    where target_kind = 'benchmark' and dimension = 'rep' and period_grain = 'month'
),

sales as (
    {%- for reading, measure in measures.items() %}
    select
        '{{ reading }}' as variant,
        '{{ measure }}' as measure_id,
        dimension,
        dimension_value,
        period_start as month_start,
        numerator as amount,
        sample_size
    from {{ ref(measure) }}
    where variant = 'headline' and period_grain = 'month' and dimension in ('all', 'rep')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- Before anybody sold anything, nothing was measured yet.
begun as (
    select
        variant,
        measure_id,
        min(month_start) as first_month
    from sales
    where dimension = 'all' and sample_size > 0
    group by variant, measure_id
),

rep_months as (
    select
        begun.variant,
        begun.measure_id,
        months.*,
        coalesce(sales.amount, 0) as amount,
        coalesce(before.amount, 0) as previous_amount
    from months
    inner join begun
        on months.month_start >= begun.first_month
    left join sales
        on
            begun.variant = sales.variant
            and months.month_start = sales.month_start
            and months.rep_id = sales.dimension_value
            and sales.dimension = 'rep'
    left join sales as before
        on
            begun.variant = before.variant
            and {{ add_months('months.month_start', -1) }} = before.month_start
            and months.rep_id = before.dimension_value
            and before.dimension = 'rep'
),

-- Who was there for a part of the month only is nobody's measure.
roles as (
    select
        variant,
        month_start,
        role,
        sum(amount) as amount,
        count(*) as reps
    from rep_months
    where is_whole_month
    group by variant, month_start, role
),

compared as (
    select
        rep_months.*,
        benchmarks.target_id is not null as has_target,
        benchmarks.target_value,
        {{ ratio(
            'roles.amount - case when rep_months.is_whole_month then rep_months.amount else 0 end',
            'roles.reps - case when rep_months.is_whole_month then 1 else 0 end'
        ) | indent(8) }} as peers_mean
    from rep_months
    left join benchmarks
        on
            rep_months.measure_id = benchmarks.measure_id
            and rep_months.rep_id = benchmarks.dimension_value
            and rep_months.month_start = benchmarks.period_start
            and benchmarks.position = 1
    left join roles
        on
            rep_months.variant = roles.variant
            and rep_months.month_start = roles.month_start
            and rep_months.role = roles.role
),

benchmarked as (
    select
        compared.*,
        case when has_target then target_value else peers_mean end as benchmark
    from compared
),

-- Sales of a rep who has nothing to be compared with would inflate team and company.
records as (
    select
        variant,
        rep_id as record_id,
        'month' as period_grain,
        month_start as period_start,
        case when benchmark is not null then amount end as numerator,
        benchmark as denominator,
        rep_id as rep,
        team_id as team,
        role,
        case
            when has_target then 'target'
            when peers_mean is not null then 'role_peers'
        end as benchmark_source
    from benchmarked
    union all
    select
        'declining' as variant,
        rep_id as record_id,
        'month' as period_grain,
        month_start as period_start,
        case when amount < previous_amount then 1 else 0 end as numerator,
        1 as denominator,
        rep_id as rep,
        team_id as team,
        role,
        cast(null as {{ dbt.type_string() }}) as benchmark_source
    from compared
    where variant = 'headline' and is_complete_month and is_whole_month_as_before
)

{{ kpi(
    'rep_sales_vs_benchmark',
    kind='ratio',
    by_period=true,
    grains=['month'],
    dimensions=['rep', 'team', 'role', 'benchmark_source'],
    variants={
        'headline': {},
        'bookings': {},
        'declining': {'kind': 'rate'},
    },
) }}
