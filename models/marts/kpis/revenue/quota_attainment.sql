-- Quota attainment: what reps achieved in a quota period over the quotas they had.
-- A rep without a quota has no attainment, and stays out of the totals of team and company.
{#- Each reading follows the quotas on a measure by one reading of it. #}
{%- set readings = {
    'headline': ('bookings_amount', 'headline'),
    'as_reported': ('bookings_amount', 'as_reported'),
    'deals_won': ('deals_won', 'headline'),
    'net_sales_revenue': ('net_sales_revenue', 'headline'),
} %}
{%- set grains = kpi_grains(['week', 'month', 'quarter', 'year']) %}
with quotas as (
    {%- for reading, (measure, _) in readings.items() %}
    select
        '{{ reading }}' as variant,
        fct_quotas.*
    from {{ ref('fct_quotas') }} as fct_quotas
    where
        measure_id = '{{ measure }}'
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

actuals as (
    {%- for reading, (measure, measure_reading) in readings.items() %}
    select
        '{{ reading }}' as variant,
        dimension_value as rep_id,
        period_start as day,
        numerator as amount
    from {{ ref(measure) }}
    where variant = '{{ measure_reading }}' and period_grain = 'day' and dimension = 'rep'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

quota_periods as (
    select distinct
        variant,
        period_grain,
        period_start,
        period_end
    from quotas
),

achieved as (
    select
        quota_periods.variant,
        quota_periods.period_grain,
        quota_periods.period_start,
        actuals.rep_id,
        sum(actuals.amount) as amount
    from quota_periods
    inner join actuals
        on
            quota_periods.variant = actuals.variant
            and actuals.day >= quota_periods.period_start
            and actuals.day < quota_periods.period_end
    group by
        quota_periods.variant,
        quota_periods.period_grain,
        quota_periods.period_start,
        actuals.rep_id
    having sum(actuals.amount) <> 0
),

attained as (
    select
        coalesce(quotas.variant, achieved.variant) as variant,
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
            quotas.variant = achieved.variant
            and quotas.period_grain = achieved.period_grain
            and quotas.period_start = achieved.period_start
            and quotas.rep_id = achieved.rep_id
),

records as (
    select
        variant,
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
        'as_reported': {'time_basis': 'event'},
        'deals_won': {'time_basis': 'event'},
        'net_sales_revenue': {'time_basis': 'event'},
    },
) }}
