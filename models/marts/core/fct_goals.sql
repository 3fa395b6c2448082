-- One row per goal that has begun by as_of_date, with its place in the tree of goals and their
-- parts. Goals whose parents form a circle, and what hangs below them, have no place and are left
-- out; so is what hangs deeper than six levels.
{%- set levels = range(2, 7) %}
with goals as (
    select * from {{ ref('fct_targets') }}
    where target_kind = 'goal'
),

-- A goal whose parent is no goal, or not known, stands by itself.
parented as (
    select
        goals.*,
        parents.target_id as parent_goal_id
    from goals
    left join goals as parents
        on goals.parent_target_id = parents.target_id
),

level_1 as (
    select
        target_id,
        target_id as root_goal_id,
        1 as goal_level
    from parented
    where parent_goal_id is null
),

{% for level in levels -%}
level_{{ level }} as (
    select
        parented.target_id,
        above.root_goal_id,
        {{ level }} as goal_level
    from parented
    inner join level_{{ level - 1 }} as above
        on parented.parent_goal_id = above.target_id
),

{% endfor -%}
tree as (
    select * from level_1
    {%- for level in levels %}
    union all
    select * from level_{{ level }}
    {%- endfor %}
),

parents_in_tree as (
    select distinct parented.parent_goal_id as target_id
    from tree
    inner join parented
        on tree.target_id = parented.target_id
    where parented.parent_goal_id is not null
)

select
    parented.target_id as goal_id,
    parented.parent_goal_id,
    tree.root_goal_id,
    tree.goal_level,
    parents_in_tree.target_id is null as is_leaf,
    parented.measure_id,
    parented.dimension,
    parented.dimension_value,
    parented.period_grain,
    parented.period_start,
    parented.period_end,
    parented.value_type,
    parented.start_value,
    parented.target_value,
    parented.current_value,
    coalesce(parented.weight, 1) as weight
from tree
inner join parented
    on tree.target_id = parented.target_id
left join parents_in_tree
    on tree.target_id = parents_in_tree.target_id
