-- One row per stage of a pipeline; `stage` is the member that KPIs are cut by.
with stages as (
    select * from {{ ref('pipeline_stages') }}
)

select
    pipeline_id || '/' || stage_id as stage,
    pipeline_id,
    stage_id,
    stage_name,
    stage_order,
    stage_category,
    is_required,
    expected_days,
    is_deleted
from stages
