-- Sales against target: what was achieved in the period of a quota or goal over its target, each
-- measure by itself. The pace sets it against the part of the target that is due by now.
{%- set readings = {
    'net_sales_revenue': 'headline', 'bookings_amount': 'bookings_amount',
    'units_sold': 'units_sold', 'customers_acquired': 'customers_acquired',
    'deals_won': 'deals_won'
} %}
{%- set grains = kpi_grains(['week', 'month', 'quarter', 'year']) %}
with targets as (
    select
        fct_targets.*,
        -- Where there is a quota beside a goal, it is the quota that people are held to.
        row_number() over (
            partition by measure_id, dimension, dimension_value, period_grain, period_start
            order by case when target_kind = 'quota' then 1 else 2 end, target_id
        ) as position
    from {{ ref('fct_targets') }} as fct_targets
    where
        target_kind in ('quota', 'goal')
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
),

in_force as (
    select * from targets
    where position = 1
),

{{ actuals_of_targets('in_force', measures={
    'net_sales_revenue': ['rep', 'team', 'territory', 'location', 'vertical'],
    'bookings_amount': ['rep', 'team', 'territory'],
    'units_sold': ['rep', 'team', 'territory', 'location', 'vertical'],
    'customers_acquired': ['rep', 'location'],
    'deals_won': ['rep', 'team', 'territory'],
}) }},

-- Due by now: the target's share of working days passed; before the first of them, nothing.
due as (
    select
        against_target.*,
        case
            when elapsed_working_days = 0 then 0
            else target_value * ({{ ratio('elapsed_working_days', 'working_days') }})
        end as due_value
    from against_target
),

cells as (
    {%- for measure, reading in readings.items() %}
    {%- set pace = 'pace' if reading == 'headline' else reading ~ '_pace' %}
    {%- for variant, denominator in [(reading, 'target_value'), (pace, 'due_value')] %}
    select
        '{{ variant }}' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        actual as numerator,
        {{ denominator }} as denominator,
        1 as sample_size
    from due
    where measure_id = '{{ measure }}'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi_cells(
    'sales_vs_target',
    kind='ratio',
    variants={
        'headline': {}, 'bookings_amount': {}, 'units_sold': {}, 'customers_acquired': {},
        'deals_won': {}, 'pace': {}, 'bookings_amount_pace': {}, 'units_sold_pace': {},
        'customers_acquired_pace': {}, 'deals_won_pace': {},
    },
    grains=grains,
) }}
