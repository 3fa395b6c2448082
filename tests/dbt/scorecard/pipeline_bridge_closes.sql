-- The parts of the bridge lead from its start to its end, its ends are the KPI's, an end is the
-- next start, the members make the company, and reps have on the last day what the deals then say.
{{ config(meta={'dagster': {'ref': {'name': 'pipeline_bridge'}}}) }}
with bridge as (
    select * from {{ ref('pipeline_bridge') }}
),

pipeline as (
    select * from {{ ref('open_pipeline_value') }}
    where
        variant = 'headline'
        and period_grain in ('month', 'quarter')
        and dimension in ('all', 'segment', 'motion')
),

states as (
    select * from {{ ref('fct_opportunity_states') }}
    where opportunity_type <> 'renewal' and left_on is null
),

versions as (
    select * from {{ ref('fct_opportunity_versions') }}
    where valid_to_on is null
),

linked as (
    select
        bridge.*,
        coalesce(
            lag(pipeline_at_end) over (
                partition by period_grain, scope, dimension, dimension_value
                order by period_start
            ),
            0
        ) as previous_end
    from bridge
),

totals as (
    select
        period_grain,
        period_start,
        scope,
        dimension,
        sum(pipeline_at_start) as pipeline_at_start,
        sum(pipeline_at_end) as pipeline_at_end,
        sum(reowned_in + reowned_out) as reowned,
        sum(pushed) as pushed,
        sum(won) as won
    from bridge
    group by period_grain, period_start, scope, dimension
),

owned as (
    select
        versions.owner_rep_id,
        sum(coalesce(states.amount, 0)) as amount
    from states
    inner join versions
        on states.opportunity_id = versions.opportunity_id
    group by versions.owner_rep_id
)

select
    'does not close' as fault,
    period_grain,
    period_start,
    scope,
    dimension,
    dimension_value
from linked
where
    pipeline_at_start + new + reopened + reowned_in + reowned_out + pushed + pulled_in + repriced
    + won + lost + closed_other <> pipeline_at_end
    or (scope = 'open' and pipeline_at_start <> previous_end)
    or (scope = 'open' and (pushed <> 0 or pulled_in <> 0))
    or (dimension in ('all', 'segment', 'motion') and (reowned_in <> 0 or reowned_out <> 0))
union all
select
    'is not the open pipeline' as fault,
    pipeline.period_grain,
    pipeline.period_start,
    'open' as scope,
    pipeline.dimension,
    pipeline.dimension_value
from pipeline
left join bridge
    on
        pipeline.period_grain = bridge.period_grain
        and pipeline.period_start = bridge.period_start
        and pipeline.dimension = bridge.dimension
        and pipeline.dimension_value = bridge.dimension_value
        and bridge.scope = 'open'
where coalesce(bridge.pipeline_at_end, 0) <> pipeline.numerator
union all
select
    'members do not make the company' as fault,
    members.period_grain,
    members.period_start,
    members.scope,
    members.dimension,
    '' as dimension_value
from totals as members
inner join totals as company
    on
        members.period_grain = company.period_grain
        and members.period_start = company.period_start
        and members.scope = company.scope
        and company.dimension = 'all'
where
    members.pipeline_at_start <> company.pipeline_at_start
    or members.pipeline_at_end <> company.pipeline_at_end
    or members.reowned <> 0
    or members.pushed <> company.pushed
    or members.won <> company.won
union all
select
    'is not what the rep has' as fault,
    bridge.period_grain,
    bridge.period_start,
    bridge.scope,
    bridge.dimension,
    bridge.dimension_value
from bridge
left join owned
    on bridge.dimension_value = owned.owner_rep_id
where
    bridge.scope = 'open'
    and bridge.dimension = 'rep'
    and bridge.period_grain = 'month'
    and bridge.period_start = {{ period_start(as_of_date(), 'month') }}
    and bridge.pipeline_at_end <> coalesce(owned.amount, 0)
