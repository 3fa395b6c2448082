-- One row per visit of a deal to a stage: half-open [entered_at, left_at), left_at null while it
-- lasts. A visit ends with the next one, or when the deal is closed.
with opportunities as (
    select * from {{ ref('opportunities') }}
    where not is_deleted
),

-- A stage that was retired since keeps its visits, or its days would go to the stage before.
stages as (
    select * from {{ ref('pipeline_stages') }}
),

history as (
    select * from {{ ref('opportunity_stage_history') }}
    where not is_deleted and {{ business_date('entered_at') }} <= {{ as_of_date() }}
),

entries as (
    select
        history.opportunity_id,
        opportunities.pipeline_id,
        history.stage_id,
        stages.stage_order,
        stages.stage_category,
        stages.expected_days,
        history.entered_at,
        history.amount_at_entry,
        case
            when
                {{ business_date('opportunities.closed_at') }} <= {{ as_of_date() }}
                and opportunities.outcome is not null
                then opportunities.closed_at
        end as closed_at
    from history
    inner join opportunities
        on history.opportunity_id = opportunities.opportunity_id
    inner join stages
        on opportunities.pipeline_id = stages.pipeline_id and history.stage_id = stages.stage_id
),

-- What is written after the last close has not happened to this deal.
valid as (
    select
        entries.*,
        row_number() over (
            partition by opportunity_id
            order by entered_at, stage_order
        ) as visit_number,
        lead(entered_at) over (
            partition by opportunity_id
            order by entered_at, stage_order
        ) as next_entered_at
    from entries
    where closed_at is null or entered_at <= closed_at
)

select
    opportunity_id,
    pipeline_id,
    stage_id,
    stage_order,
    stage_category,
    expected_days,
    visit_number,
    entered_at,
    case
        when next_entered_at is not null then next_entered_at
        when stage_category = 'open' then closed_at
    end as left_at,
    amount_at_entry,
    next_entered_at is null as is_last_visit
from valid
