-- Goals that have no place in the tree: their parents form a circle, or they hang deeper than six
-- levels. They would be missing from the progress of every goal above them.
{{ config(meta={'dagster': {'ref': {'name': 'fct_goals'}}}) }}
with targets as (
    select * from {{ ref('fct_targets') }}
    where target_kind = 'goal'
),

goals as (
    select * from {{ ref('fct_goals') }}
)

select
    targets.target_id,
    targets.parent_target_id
from targets
left join goals
    on targets.target_id = goals.goal_id
where goals.goal_id is null
