-- Stage skip rate: of the stages that the process required of the deals decided in a period, those
-- that were skipped.
with checks as (
    select * from {{ ref('fct_process_checks') }}
),

records as (
    select
        opportunity_id || '/' || stage as record_id,
        closed_on as occurred_on,
        not is_visited as numerator,
        true as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        pipeline_id as pipeline,
        stage
    from checks
)

{{ kpi(
    'stage_skip_rate',
    kind='rate',
    grains=month_grains(),
    dimensions=['rep', 'team', 'pipeline', 'stage'],
) }}
