-- One row per goal with its way down from the goal at the top: its target, how far it is, and
-- whether its parts make it up.
{%- set levels = range(2, 7) %}
with goals as (
    select * from {{ ref('fct_goals') }}
),

targets as (
    select * from {{ ref('kpi_targets') }}
),

progress_cells as (
    select * from {{ ref('goal_progress') }}
    where dimension = 'goal'
),

path_1 as (
    select
        goal_id,
        cast(goal_id as {{ dbt.type_string() }}) as path
    from goals
    where goal_level = 1
),

{% for level in levels -%}
path_{{ level }} as (
    select
        goals.goal_id,
        above.path || ' > ' || goals.goal_id as path
    from goals
    inner join path_{{ level - 1 }} as above
        on goals.parent_goal_id = above.goal_id
),

{% endfor -%}
paths as (
    select * from path_1
    {%- for level in levels %}
    union all
    select * from path_{{ level }}
    {%- endfor %}
),

progress as (
    select
        dimension_value as goal_id,
        max(case when variant = 'headline' then kpi_value end) as progress,
        max(
            case when variant = 'hit' and denominator > 0 and numerator = denominator then 1 end
        ) = 1 as is_hit
    from progress_cells
    group by dimension_value
),

standing as (
    select
        goals.*,
        paths.path,
        parents.measure_id as parent_measure_id,
        roots.measure_id as root_measure_id,
        targets.is_measured,
        targets.direction,
        targets.unit,
        targets.is_complete_period,
        targets.actual_value,
        targets.gap,
        -- Rates of teams are no parts of the company's rate; a thing is done once or not.
        goals.value_type <> 'boolean' and (targets.is_additive or not targets.is_measured)
            as is_sum_of_parts,
        case
            when targets.is_complete_period then 1
            else {{ ratio('targets.elapsed_working_days', 'targets.working_days') }}
        end as elapsed_share,
        progress.progress,
        coalesce(progress.is_hit, false) as is_hit
    from goals
    inner join paths
        on goals.goal_id = paths.goal_id
    inner join goals as roots
        on goals.root_goal_id = roots.goal_id
    left join goals as parents
        on goals.parent_goal_id = parents.goal_id
    inner join targets
        on goals.goal_id = targets.target_id
    left join progress
        on goals.goal_id = progress.goal_id
),

parts as (
    select
        part.parent_goal_id as goal_id,
        part.target_value,
        part.actual_value,
        part.measure_id = whole.measure_id and part.value_type = whole.value_type
            as is_same_measure
    from standing as part
    inner join goals as whole
        on part.parent_goal_id = whole.goal_id
),

parts_together as (
    select
        goal_id,
        count(*) as part_count,
        sum(case when is_same_measure then target_value end) as target_value,
        sum(case when is_same_measure then actual_value end) as actual_value
    from parts
    group by goal_id
)

select
    standing.goal_id,
    standing.path,
    standing.goal_level,
    standing.parent_goal_id,
    standing.root_goal_id,
    standing.measure_id,
    standing.is_measured,
    standing.parent_measure_id,
    standing.root_measure_id,
    standing.dimension,
    standing.dimension_value,
    standing.period_grain,
    standing.period_start,
    standing.period_end,
    standing.is_complete_period,
    standing.value_type,
    standing.unit,
    standing.direction,
    standing.weight,
    standing.start_value,
    standing.target_value,
    standing.actual_value,
    standing.gap,
    standing.progress,
    standing.is_hit,
    standing.elapsed_share,
    standing.progress >= standing.elapsed_share as is_on_track,
    coalesce(parts.part_count, 0) as parts,
    case when standing.is_sum_of_parts then parts.target_value end as parts_target,
    case when standing.is_sum_of_parts then standing.target_value - parts.target_value end
        as parts_gap,
    case when standing.is_sum_of_parts then parts.actual_value end as parts_actual,
    case when standing.is_sum_of_parts then standing.actual_value - parts.actual_value end
        as parts_actual_gap
from standing
left join parts_together as parts
    on standing.goal_id = parts.goal_id
