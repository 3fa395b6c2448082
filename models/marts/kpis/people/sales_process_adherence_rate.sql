-- Sales process adherence: of the deals decided in a period, those that went through every stage
-- the process required of them, in order.
with checks as (
    select * from {{ ref('fct_process_checks') }}
),

deals as (
    select
        opportunity_id,
        closed_on,
        owner_rep_id,
        close_team_id,
        pipeline_id,
        min(case when is_visited and is_in_order then 1 else 0 end) as follows_process
    from checks
    group by opportunity_id, closed_on, owner_rep_id, close_team_id, pipeline_id
),

records as (
    select
        opportunity_id as record_id,
        closed_on as occurred_on,
        follows_process as numerator,
        1 as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        pipeline_id as pipeline
    from deals
)

{{ kpi(
    'sales_process_adherence_rate',
    kind='rate',
    grains=month_grains(),
    dimensions=['rep', 'team', 'pipeline'],
) }}
