-- Stage conversion rate: of the deals that reached a stage in a period, the share that went on to
-- the next stage or was won. `all` is the share over the steps of all stages together.
{%- set dimensions = ['stage', 'pipeline', 'rep', 'team'] %}
with stages as (
    select * from {{ ref('fct_opportunity_stages') }}
),

conversions as (
    select
        opportunity_id || '/' || stage as record_id,
        reached_on as entered_on,
        passed_on as reached_on,
        is_still_open as is_open,
        stage,
        pipeline_id as pipeline,
        owner_rep_id as rep,
        close_team_id as team
    from stages
    where opportunity_type <> 'renewal'
),

records as (
    {{ conversion_records('conversions', dimensions) }}
)

{{ kpi(
    'stage_conversion_rate',
    kind='rate',
    dimensions=dimensions,
    variants=conversion_variants(),
) }}
