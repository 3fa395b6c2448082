-- One row per quota, benchmark or goal whose period has begun by as_of_date: what was reached of
-- it, and in the running period what is due by now, what is missing and where it leads to.
{%- set grains = kpi_grains(['week', 'month', 'quarter', 'year']) %}
with targets as (
    select * from {{ ref('fct_targets') }}
),

catalogue as (
    select * from {{ ref('kpi_catalogue') }}
),

cells as (
    select
        kpi_id,
        time_basis,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        denominator,
        kpi_value
    from {{ ref('kpi_values') }}
    where
        variant = 'headline'
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
        and kpi_id in (select distinct measure_id from targets)
),

-- A sum has no denominator anywhere. What is in stock is a sum too, but one over members only: half
-- of the year is not half of the pipeline.
kinds as (
    select
        kpi_id,
        count(denominator) = 0 as is_sum,
        count(denominator) = 0 and min(time_basis) <> 'snapshot' as is_flow
    from cells
    group by kpi_id
),

-- What each KPI is cut by.
cuts as (
    select distinct
        kpi_id,
        period_grain,
        dimension
    from cells
),

-- A KPI has numbers for the periods of the calendar only: a target for any other time is not
-- measured by it, nor is a thing to be done. A goal outside goal_measures says itself where it
-- stands, if anybody has said so.
described as (
    select
        targets.*,
        catalogue.unit as kpi_unit,
        catalogue.direction as kpi_direction,
        kinds.is_sum,
        kinds.is_flow,
        targets.period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period,
        catalogue.kpi_id is not null
        and cuts.kpi_id is not null
        and targets.value_type in ('number', 'currency')
        and (
            targets.target_kind <> 'goal'
            or targets.measure_id in ('{{ var("goal_measures") | join("', '") }}') -- noqa: LT05
            or targets.current_value is null
        )
        and case targets.period_grain
            {%- for grain in grains %}
            when '{{ grain }}'
                then
                    targets.period_start = {{ period_start('targets.period_start', grain) }}
                    and targets.period_end = {{ period_end('targets.period_start', grain) }}
            {%- endfor %}
            else false
        end as is_measured
    from targets
    left join catalogue
        on targets.measure_id = catalogue.kpi_id
    left join kinds
        on targets.measure_id = kinds.kpi_id
    left join cuts
        on
            targets.measure_id = cuts.kpi_id
            and targets.period_grain = cuts.period_grain
            and targets.dimension = cuts.dimension
),

-- A sum without a cell has counted nothing. What nobody has reported of a task is not done.
reached as (
    select
        described.*,
        case
            when described.is_measured and described.is_sum
                then coalesce(cast(cells.kpi_value as decimal(28, 9)), 0)
            when described.is_measured then cast(cells.kpi_value as decimal(28, 9))
            when described.value_type = 'task' then coalesce(described.current_value, 0)
            when described.value_type = 'boolean'
                then case when described.current_value >= 1 then 1 else 0 end
            else described.current_value
        end as actual_value,
        case when described.is_measured then described.kpi_unit end as unit,
        -- Goals to lower something, such as churn, have a start above their target.
        case
            when described.is_measured then described.kpi_direction
            when described.value_type in ('task', 'boolean') then 'up'
            when described.start_value > described.target_value then 'down'
            else 'up'
        end as direction,
        described.value_type = 'task' or (described.is_measured and described.is_flow)
            as is_additive
    from described
    left join cells
        on
            case when described.is_measured then described.measure_id end = cells.kpi_id
            and described.period_grain = cells.period_grain
            and described.period_start = cells.period_start
            and described.dimension = cells.dimension
            and described.dimension_value = cells.dimension_value
),

-- What adds up is due in equal parts on each working day, before the first of them nothing; a level
-- is due at any time. Nobody knows how much is due of what no KPI measures.
due as (
    select
        reached.*,
        working_days - elapsed_working_days as working_days_left,
        cast(
            case
                when is_complete_period then target_value
                when is_additive
                    then {{ ratio('target_value * elapsed_working_days', 'working_days') }}
                when is_measured then target_value
            end as decimal(28, 9)
        ) as due_value
    from reached
),

-- Turned round for what is to be low: above 0 is always better than due.
compared as (
    select
        due.*,
        case direction
            when 'up' then target_value - actual_value
            when 'down' then actual_value - target_value
        end as missing,
        case direction
            when 'up' then actual_value - due_value
            when 'down' then due_value - actual_value
        end as ahead_by,
        abs(due_value) * {{ var('near_target') }} as tolerance
    from due
)

select
    target_id,
    parent_target_id,
    target_kind,
    measure_id as kpi_id,
    is_measured,
    direction,
    unit,
    dimension,
    dimension_value,
    period_grain,
    period_start,
    period_end,
    is_complete_period,
    value_type,
    target_value,
    actual_value,
    {{ ratio('actual_value', 'target_value') }} as attainment,
    is_additive,
    due_value,
    {{ ratio('actual_value', 'due_value') }} as pace,
    case when missing < 0 then 0 else missing end as gap,
    working_days,
    elapsed_working_days,
    working_days_left,
    case
        when is_additive and direction = 'up' and not is_complete_period
            then
                {{ ratio('case when missing < 0 then 0 else missing end', 'working_days_left') }}
    end as required_per_working_day,
    case when is_additive then {{ ratio('actual_value', 'elapsed_working_days') }} end
        as achieved_per_working_day,
    case
        when is_additive and is_complete_period then cast(actual_value as {{ type_double() }})
        when is_additive then {{ ratio('actual_value * working_days', 'elapsed_working_days') }}
    end as projected_value,
    case
        when ahead_by is null then null
        when is_complete_period and ahead_by >= 0 then 'met'
        when is_complete_period and ahead_by >= -tolerance then 'near'
        when is_complete_period then 'missed'
        when ahead_by > 0 then 'ahead'
        when ahead_by >= -tolerance then 'on_pace'
        else 'behind'
    end as status
from compared
