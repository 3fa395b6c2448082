-- Which hand-off leaks: each step from lead to deal against the cohort before, and who owns the
-- step that fell most. Read are conversions within the horizon: an older cohort has had more time,
-- and what it reached late would make every younger one look like a fall.
{%- set steps = [
    ('lead_to_mql', 'lead_to_mql_rate', 'marketing'),
    ('mql_to_sql', 'mql_to_sql_rate', 'handoff'),
    ('sql_to_opportunity', 'sql_to_opportunity_rate', 'sales'),
] %}
{%- set min_n = var('min_n') %}
with cells as (
    {%- for step, kpi, owner in steps %}
    select
        {{ loop.index }} as step_number,
        '{{ step }}' as step,
        '{{ owner }}' as step_owner,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        is_complete_period,
        is_matured,
        cast(denominator as bigint) as entered_leads,
        cast(numerator as bigint) as converted_leads,
        case when denominator >= {{ min_n }} then kpi_value end as conversion_rate
    from {{ ref(kpi) }}
    where
        variant = 'within_horizon'
        and period_grain in ('month', 'quarter')
        and dimension in ('all', 'team', 'channel')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

with_end as (
    select
        cells.*,
        case
            when period_grain = 'month' then {{ period_end('period_start', 'month') }}
            else {{ period_end('period_start', 'quarter') }}
        end as period_end
    from cells
),

compared as (
    select
        with_end.*,
        coalesce(previous.entered_leads, 0) as previous_entered_leads,
        coalesce(previous.converted_leads, 0) as previous_converted_leads,
        previous.conversion_rate as previous_conversion_rate,
        case
            when with_end.is_matured
                then round({{ ratio(
                    '(with_end.conversion_rate - previous.conversion_rate)',
                    'previous.conversion_rate'
                ) }}, 6)
        end as relative_change
    from with_end
    left join with_end as previous
        on
            with_end.step = previous.step
            and with_end.period_grain = previous.period_grain
            and with_end.period_start = previous.period_end
            and with_end.dimension = previous.dimension
            and with_end.dimension_value = previous.dimension_value
),

-- Of equal falls the first in the funnel is named: what comes after it may be its consequence.
ranked as (
    select
        compared.*,
        row_number() over (
            partition by period_grain, period_start, dimension, dimension_value
            order by relative_change nulls last, step_number
        ) as position,
        count(relative_change) over (
            partition by period_grain, period_start, dimension, dimension_value
        ) as known_changes
    from compared
),

-- Unless all steps are known, the one that fell most may be another.
judged as (
    select
        ranked.*,
        case
            when known_changes = {{ steps | length }}
                then position = 1 and relative_change < 0
        end as is_biggest_fall
    from ranked
)

select
    period_grain,
    period_start,
    is_complete_period,
    is_matured,
    dimension,
    dimension_value,
    step_number,
    step,
    step_owner,
    entered_leads,
    converted_leads,
    conversion_rate,
    previous_entered_leads,
    previous_converted_leads,
    previous_conversion_rate,
    relative_change,
    is_biggest_fall,
    case
        when known_changes = {{ steps | length }}
            then coalesce(
                max(case when is_biggest_fall then step_owner end) over (
                    partition by period_grain, period_start, dimension, dimension_value
                ),
                'none'
            )
    end as verdict
from judged
