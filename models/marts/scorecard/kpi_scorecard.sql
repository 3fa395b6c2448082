-- One row per KPI, period and member: where it stands, against the period before, the same period
-- last year and its target, whether it is on a trend, and whether it moved by more than chance.
{%- set grains = kpi_grains(var('scorecard_grains')) %}
{#- How many periods make a year. #}
{%- set periods_a_year = {
    'day': 364, 'week': 52, 'month': 12, 'quarter': 4, 'year': 1, 'fiscal_quarter': 4,
    'fiscal_year': 1, 'jalali_month': 12, 'jalali_quarter': 4, 'jalali_year': 1
} %}
{#- The quantile of the normal distribution for 95 %, two-sided. #}
{%- set z = 1.96 %}
{#- 3 sigma, from the mean difference of two neighbours (3 / 1.128). #}
{%- set limit_factor = 2.66 %}
{#- The normal approximation of a share wants as many hits and misses on either side. #}
{%- set min_expected = 5 %}
{%- set trend_periods = var('trend_periods') | int %}
{%- set by_member %}partition by kpi_id, period_grain, dimension, dimension_value{% endset %}
-- noqa: disable=LT02
with cells as (
    select * from {{ ref('kpi_values') }}
    where
        variant = 'headline'
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
),

catalogue as (
    select * from {{ ref('kpi_catalogue') }}
),

targets as (
    select * from {{ ref('kpi_targets') }}
    where is_measured
),

calendar_periods as (
    {{ period_days('(select min(period_start) from cells)', grains) | indent(4) }}
),

-- Periods are counted, so that the one before is the number before in any calendar.
periods as (
    select
        period_grain,
        period_start,
        period_end,
        case period_grain
            {%- for grain in grains %}
            when '{{ grain }}' then {{ periods_a_year[grain] }}
            {%- endfor %}
        end as periods_a_year,
        row_number() over (partition by period_grain order by period_start) as period_number
    from (
        select distinct
            period_grain,
            period_start,
            period_end
        from calendar_periods
    ) as distinct_periods
),

-- A running period is not compared with full ones: it has no number to compare with.
readings as (
    select
        cells.*,
        periods.period_end,
        periods.period_number,
        case when cells.is_complete_period then periods.period_number - 1 end as previous_number,
        case
            when cells.is_complete_period then periods.period_number - periods.periods_a_year
        end as last_year_number
    from cells
    inner join periods
        on
            cells.period_grain = periods.period_grain
            and cells.period_start = periods.period_start
),

compared as (
    select
        readings.*,
        previous.kpi_value as previous_value,
        previous.numerator as previous_numerator,
        previous.denominator as previous_denominator,
        last_year.kpi_value as last_year_value,
        readings.kpi_value - previous.kpi_value as change,
        readings.kpi_value - last_year.kpi_value as change_on_last_year
    from readings
    left join readings as previous
        on
            readings.kpi_id = previous.kpi_id
            and readings.period_grain = previous.period_grain
            and readings.dimension = previous.dimension
            and readings.dimension_value = previous.dimension_value
            and readings.previous_number = previous.period_number
    left join readings as last_year
        on
            readings.kpi_id = last_year.kpi_id
            and readings.period_grain = last_year.period_grain
            and readings.dimension = last_year.dimension
            and readings.dimension_value = last_year.dimension_value
            and readings.last_year_number = last_year.period_number
),

-- Known values in their order. Decimals, whose sums do not depend on the order of their parts.
history as (
    select
        kpi_id,
        period_grain,
        dimension,
        dimension_value,
        period_number,
        cast(kpi_value as decimal(28, 9)) as value,
        abs(cast(change as decimal(28, 9))) as moving_range,
        lag(period_number, {{ trend_periods - 1 }}) over (
            {{ by_member }} order by period_number
        ) as trend_begins,
        kpi_value as x_0
        {%- for lag in range(1, trend_periods) %},
        lag(kpi_value, {{ lag }}) over ({{ by_member }} order by period_number) as x_{{ lag }}
        {%- endfor %}
    from compared
    where is_complete_period and is_matured and kpi_value is not null
),

-- Mann-Kendall: of all pairs of values, how many more rise than fall.
paired as (
    select
        history.*,
        case
            when trend_begins = period_number - {{ trend_periods - 1 }}
                then
                    0
                    {%- for later in range(trend_periods) %}
                    {%- for earlier in range(later + 1, trend_periods) %}
                    + sign(x_{{ later }} - x_{{ earlier }})
                    {%- endfor %}
                    {%- endfor %}
        end as rises,
        {#- The first value has no neighbour within the time before. #}
        {%- for name, expression, first in [
            ('values_before', 'count(value)', var('chance_periods')),
            ('sum_before', 'sum(value)', var('chance_periods')),
            ('ranges_before', 'count(moving_range)', var('chance_periods') - 1),
            ('sum_of_ranges', 'sum(moving_range)', var('chance_periods') - 1),
        ] %}
        {{ expression }} over (
            {{ by_member }}
            order by period_number
            range between {{ first }} preceding and 1 preceding
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from history
),

-- What a number does by itself: its natural process limits.
-- Source: Wheeler, Understanding Variation.
limits as (
    select
        kpi_id,
        period_grain,
        dimension,
        dimension_value,
        period_number,
        value,
        case
            when rises is null then null
            when
                abs(rises) - 1
                > {{ z }} * sqrt({{ ratio(
                    trend_periods * (trend_periods - 1) * (2 * trend_periods + 5), 18
                ) }})
                then case when rises > 0 then 'rising' else 'falling' end
            else 'flat'
        end as trend,
        cast({{ ratio('sum_before', 'values_before') }} as decimal(28, 9)) as mean_before,
        -- As many values have one neighbour less.
        case
            when ranges_before >= {{ var('chance_min_periods') - 1 }}
                then cast(
                    {{ limit_factor }} * ({{ ratio('sum_of_ranges', 'ranges_before') }})
                    as decimal(28, 9)
                )
        end as natural_distance
    from paired
),

-- Where there are several targets for one number, the quota is what people are held to.
ranked_targets as (
    select
        targets.*,
        row_number() over (
            partition by kpi_id, period_grain, period_start, dimension, dimension_value
            order by
                case target_kind when 'quota' then 1 when 'goal' then 2 else 3 end,
                target_id
        ) as position
    from targets
),

-- A share is compared with the one before by what it counts; where that is nothing or hidden, too
-- little is to be expected.
shares as (
    select
        compared.*,
        ci_low is not null as is_share,
        {%- for name, counted in [
            ('expected_hits', 'numerator + previous_numerator'),
            ('expected_misses',
                'denominator - numerator + previous_denominator - previous_numerator'),
        ] %}
        {{ ratio(
            'cast(least(denominator, previous_denominator) as ' ~ type_double() ~ ') * ('
            ~ counted ~ ')',
            'denominator + previous_denominator'
        ) }} as {{ name }},
        {%- endfor %}
        {{ two_proportion_z(
            'numerator', 'denominator', 'previous_numerator', 'previous_denominator'
        ) | indent(8) }} as z_score
    from compared
),

-- Any other number is compared with what it did by itself. What is not final says nothing.
tested as (
    select
        shares.*,
        limits.trend,
        case
            when not shares.is_matured then null
            when
                shares.is_share
                and shares.expected_hits >= {{ min_expected }}
                and shares.expected_misses >= {{ min_expected }}
                then 'two_proportions'
            when not shares.is_share and limits.natural_distance is not null
                then 'process_limits'
        end as chance_test,
        abs(limits.value - limits.mean_before) > limits.natural_distance as is_beyond_limits
    from shares
    left join limits
        on
            shares.kpi_id = limits.kpi_id
            and shares.period_grain = limits.period_grain
            and shares.dimension = limits.dimension
            and shares.dimension_value = limits.dimension_value
            and shares.period_number = limits.period_number
)

select
    tested.kpi_id,
    tested.period_grain,
    tested.period_start,
    tested.period_end,
    tested.dimension,
    tested.dimension_value,
    tested.kpi_value,
    tested.numerator,
    tested.denominator,
    tested.sample_size,
    tested.ci_low,
    tested.ci_high,
    catalogue.unit,
    catalogue.direction,
    tested.is_complete_period,
    tested.is_matured,
    tested.previous_value,
    tested.change,
    {#- A score has no zero to measure from. #}
    {%- for change, base in [
        ('change', 'previous_value'), ('change_on_last_year', 'last_year_value')
    ] %}
    case
        when catalogue.unit not in ('score', 'points')
            then {{ ratio('tested.' ~ change, 'abs(tested.' ~ base ~ ')') }}
    end as relative_{{ change }},
    {%- if loop.first %}
    case catalogue.direction
        when 'up' then tested.change > 0
        when 'down' then tested.change < 0
    end as is_improvement,
    tested.last_year_value,
    tested.change_on_last_year,
    {%- endif %}
    {%- endfor %}
    targets.target_id,
    targets.target_kind,
    targets.target_value,
    targets.attainment,
    targets.status as target_status,
    tested.trend,
    tested.chance_test,
    case tested.chance_test
        when 'two_proportions' then abs(tested.z_score) > {{ z }}
        when 'process_limits' then tested.is_beyond_limits
    end as is_larger_than_chance
from tested
left join catalogue
    on tested.kpi_id = catalogue.kpi_id
left join ranked_targets as targets
    on
        tested.kpi_id = targets.kpi_id
        and tested.period_grain = targets.period_grain
        and tested.period_start = targets.period_start
        and tested.dimension = targets.dimension
        and tested.dimension_value = targets.dimension_value
        and targets.position = 1
