-- Stage drop-off rate: of the deals that reached a stage in a period, the share that was lost
-- there, as the furthest stage it ever reached.
with stages as (
    select * from {{ ref('fct_opportunity_stages') }}
),

records as (
    select
        opportunity_id || '/' || stage as record_id,
        reached_on as occurred_on,
        is_dropped as numerator,
        true as denominator,
        stage,
        pipeline_id as pipeline,
        owner_rep_id as rep,
        close_team_id as team
    from stages
    where opportunity_type <> 'renewal'
)

{{ kpi(
    'stage_drop_off_rate',
    kind='rate',
    time_basis='cohort',
    dimensions=['stage', 'pipeline', 'rep', 'team'],
    matures_after={'days': var('conversion_horizon_days')},
) }}
