-- One row per deal, stage, value and team while the deal was open: half-open [entered_on, left_on).
-- What stood in the pipeline on a day is the sum of the rows that cover it.
with states as (
    select * from {{ ref('int_opportunity_states') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

-- A rep who changes team takes the open deals along from that day.
split_by_team as (
    select
        states.opportunity_id,
        states.stage,
        states.amount,
        opportunities.owner_rep_id,
        coalesce(assignments.team_id, 'unassigned') as team_id,
        coalesce(assignments.territory_id, 'unassigned') as territory_id,
        coalesce(assignments.region, 'unassigned') as region,
        opportunities.segment,
        opportunities.motion,
        opportunities.opportunity_type,
        case
            when assignments.valid_from > states.entered_on then assignments.valid_from
            else states.entered_on
        end as entered_on,
        case
            when
                assignments.valid_to <= {{ as_of_date() }}
                and assignments.valid_to < coalesce(states.left_on, assignments.valid_to + 1)
                then assignments.valid_to
            else states.left_on
        end as left_on
    from states
    inner join opportunities
        on states.opportunity_id = opportunities.opportunity_id
    left join assignments
        on
            opportunities.owner_rep_id = assignments.rep_id
            and assignments.valid_from < coalesce(states.left_on, {{ as_of_date() }} + 1)
            and assignments.valid_to > states.entered_on
)

select
    opportunity_id,
    owner_rep_id,
    team_id,
    territory_id,
    region,
    segment,
    motion,
    opportunity_type,
    stage,
    amount,
    entered_on,
    left_on
from split_by_team
