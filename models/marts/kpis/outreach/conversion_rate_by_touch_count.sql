-- Conversion rate by number of touches: of the prospects who received at least k touches, the share
-- that converted after exactly k. Only prospects who had time enough to convert are counted.
{%- set horizon = var('conversion_horizon_days') %}
with prospects as (
    select * from {{ ref('fct_prospects') }}
    where
        not was_customer
        and {{ add_days('first_touched_on', horizon) }} <= {{ as_of_date() }}
),

touch_numbers as (
    {%- for number in range(1, var('max_touches') + 1) %}
    select
        {{ number }} as touch,
        '{{ '%02d' % number }}' as touch_number
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

records as (
    select
        'headline' as variant,
        prospects.person_id || '/' || touch_numbers.touch_number as record_id,
        prospects.first_touched_on as occurred_on,
        prospects.is_converted and prospects.touches = touch_numbers.touch as numerator,
        true as denominator,
        touch_numbers.touch_number,
        prospects.rep_id as rep,
        prospects.method
    from prospects
    inner join touch_numbers
        on prospects.touches >= touch_numbers.touch
)

{% call kpi(
    'conversion_rate_by_touch_count',
    kind='rate',
    time_basis='cohort',
    grains=month_grains(),
    dimensions=['touch_number', 'rep', 'method'],
    matures_after={'days': horizon},
    variants={
        'headline': {'min_sample': var('min_n')},
        'drop_off_touch': {'kind': 'sum', 'is_derived': true},
    },
) %}
    -- The last touch that converts at least as well as touches do on average.
    select
        'drop_off_touch' as variant,
        period_grain,
        period_start,
        'all' as dimension,
        'all' as dimension_value,
        touch as numerator,
        1 as denominator,
        sample_size
    from (
        select
            touches.period_grain,
            touches.period_start,
            cast(touches.dimension_value as integer) as touch,
            touches.sample_size,
            row_number() over (
                partition by touches.period_grain, touches.period_start
                order by touches.dimension_value desc
            ) as position
        from cells as touches
        inner join cells as everybody
            on
                touches.period_grain = everybody.period_grain
                and touches.period_start = everybody.period_start
                and everybody.dimension = 'all'
        where
            touches.dimension = 'touch_number'
            and touches.denominator >= {{ var('min_n') }}
            and touches.numerator * everybody.denominator
            >= everybody.numerator * touches.denominator
    ) as worthwhile
    where position = 1
{% endcall %}
