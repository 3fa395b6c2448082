-- One row per deal and stage it reached: every open stage up to its furthest, skipped ones
-- included, all of them for a won deal. Lost is no stage, and going back never un-reaches. A stage
-- that was retired since counts for the deals that visited it, and nobody skips it.
with opportunities as (
    select * from {{ ref('int_opportunities') }}
    where not is_excluded
),

stages as (
    select * from {{ ref('pipeline_stages') }}
    where stage_category = 'open'
),

visits as (
    select * from {{ ref('int_opportunity_stage_visits') }}
),

furthest as (
    select
        opportunity_id,
        max(stage_order) as furthest_order
    from visits
    where stage_category = 'open'
    group by opportunity_id
),

visited as (
    select distinct
        opportunity_id,
        stage_id
    from visits
),

reached as (
    select
        opportunities.opportunity_id,
        stages.pipeline_id,
        stages.stage_id,
        stages.stage_order,
        lead(stages.stage_order) over (
            partition by opportunities.opportunity_id
            order by stages.stage_order
        ) is null as is_furthest
    from opportunities
    inner join stages
        on opportunities.pipeline_id = stages.pipeline_id
    left join furthest
        on opportunities.opportunity_id = furthest.opportunity_id
    left join visited
        on
            opportunities.opportunity_id = visited.opportunity_id
            and stages.stage_id = visited.stage_id
    where
        (opportunities.is_won or stages.stage_order <= furthest.furthest_order)
        and (not stages.is_deleted or visited.stage_id is not null)
),

-- A skipped stage is reached with the first later one, or with the win.
entries as (
    select
        reached.opportunity_id,
        reached.stage_id,
        min(case when visits.stage_id = reached.stage_id then visits.entered_at end)
            as entered_at,
        min(visits.entered_at) as reached_at,
        min(case when visits.stage_order > reached.stage_order then visits.entered_at end)
            as passed_at,
        max(case when visits.stage_id = reached.stage_id then visits.left_at end) as left_at,
        sum(
            case
                when visits.stage_id = reached.stage_id
                    then {{ seconds_between('visits.entered_at', 'visits.left_at') }}
            end
        ) as seconds_in_stage,
        count(case when visits.stage_id = reached.stage_id and visits.left_at is null then 1 end)
            as open_visits
    from reached
    inner join visits
        on
            reached.opportunity_id = visits.opportunity_id
            and visits.stage_category = 'open'
            and reached.stage_order <= visits.stage_order
    group by reached.opportunity_id, reached.stage_id
)

select
    reached.opportunity_id,
    reached.pipeline_id || '/' || reached.stage_id as stage,
    reached.stage_order,
    {{ business_date('coalesce(entries.entered_at, entries.reached_at, opportunities.closed_at)') }}
        as reached_on,
    entries.entered_at is null as is_imputed,
    {{ business_date(
        'coalesce(entries.passed_at, '
        ~ 'case when opportunities.is_won then opportunities.closed_at end)'
    ) }} as passed_on,
    opportunities.is_won or not reached.is_furthest as is_passed,
    opportunities.is_lost and reached.is_furthest as is_dropped,
    case when entries.open_visits = 0 then {{ business_date('entries.left_at') }} end as left_on,
    case
        when entries.open_visits = 0
            then cast({{ ratio('entries.seconds_in_stage', 86400) }} as decimal(18, 6))
    end as days_in_stage
from reached
inner join opportunities
    on reached.opportunity_id = opportunities.opportunity_id
left join entries
    on reached.opportunity_id = entries.opportunity_id and reached.stage_id = entries.stage_id
