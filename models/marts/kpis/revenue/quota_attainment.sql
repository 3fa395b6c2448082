-- Quota attainment: what reps achieved in a quota period over the quotas they had.
-- A rep without a quota has no attainment, and stays out of the totals of team and company.
{%- set measures = {
    'bookings_amount': 'headline', 'deals_won': 'deals_won', 'net_sales_revenue': 'net_sales_revenue'
} %}
{%- set grains = kpi_grains(['week', 'month', 'quarter', 'year']) %}
with quotas as (
    select * from {{ ref('fct_quotas') }}
    where
        period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
        and measure_id in ('{{ measures | join("', '") }}') -- noqa: LT05
),

actuals as (
    {%- for measure in measures %}
    select
        '{{ measure }}' as measure_id,
        dimension_value as rep_id,
        period_start as day,
        numerator as amount
    from {{ ref(measure) }}
    where variant = 'headline' and period_grain = 'day' and dimension = 'rep'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

quota_periods as (
    select distinct
        measure_id,
        period_grain,
        period_start,
        period_end
    from quotas
),

achieved as (
    select
        quota_periods.measure_id,
        quota_periods.period_grain,
        quota_periods.period_start,
        actuals.rep_id,
        sum(actuals.amount) as amount
    from quota_periods
    inner join actuals
        on
            quota_periods.measure_id = actuals.measure_id
            and actuals.day >= quota_periods.period_start
            and actuals.day < quota_periods.period_end
    group by
        quota_periods.measure_id,
        quota_periods.period_grain,
        quota_periods.period_start,
        actuals.rep_id
    having sum(actuals.amount) <> 0
),

attained as (
    select
        coalesce(quotas.measure_id, achieved.measure_id) as measure_id,
        coalesce(quotas.period_grain, achieved.period_grain) as period_grain,
        coalesce(quotas.period_start, achieved.period_start) as period_start,
        coalesce(quotas.rep_id, achieved.rep_id) as rep,
        quotas.team_id as team,
        quotas.territory_id as territory,
        quotas.role,
        coalesce(achieved.amount, 0) as amount,
        quotas.quota
    from quotas
    full outer join achieved
        on
            quotas.measure_id = achieved.measure_id
            and quotas.period_grain = achieved.period_grain
            and quotas.period_start = achieved.period_start
            and quotas.rep_id = achieved.rep_id
),

records as (
    select
        case measure_id
            {%- for measure, variant in measures.items() %}
            when '{{ measure }}' then '{{ variant }}'
            {%- endfor %}
        end as variant,
        rep as record_id,
        period_grain,
        period_start,
        case when quota is not null then amount end as numerator,
        quota as denominator,
        rep,
        team,
        territory,
        role
    from attained
)

{{ kpi(
    'quota_attainment',
    kind='ratio',
    by_period=true,
    grains=grains,
    dimensions=['rep', 'team', 'territory', 'role'],
    variants={
        'headline': {'time_basis': 'event'},
        'deals_won': {'time_basis': 'event'},
        'net_sales_revenue': {'time_basis': 'event'},
    },
) }}
