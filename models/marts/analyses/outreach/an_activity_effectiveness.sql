-- Activity effectiveness: which kinds of activity find the most deals for the effort, and which
-- reps find the most for theirs.
with cells as (
    select
        period_start,
        variant,
        dimension,
        dimension_value,
        cast(numerator as bigint) as opportunities,
        cast(denominator as bigint) as activities,
        is_complete_period
    from {{ ref('activity_to_opportunity_ratio') }}
    where period_grain = 'quarter'
),

rep_periods as (
    select * from {{ ref('fct_rep_periods') }}
    where period_grain = 'quarter'
),

-- A type of activity is compared with the average of all types: a deal that was found with calls
-- and e-mails counts once for each there, as it does here.
types as (
    select
        'activity_type' as row_kind,
        period_start,
        'all' as rep_id,
        'all' as team_id,
        'all' as role,
        cast(null as boolean) as has_closing_role,
        dimension_value as activity_type,
        activities,
        opportunities,
        is_complete_period
    from cells
    where variant = 'by_type' and dimension = 'activity_type'
),

-- A rep is compared with the team of the end of the quarter, those who close deals apart from
-- those who find them: closers are no yardstick for finding.
reps as (
    select
        'rep' as row_kind,
        cells.period_start,
        cells.dimension_value as rep_id,
        coalesce(rep_periods.team_id, 'unassigned') as team_id,
        coalesce(rep_periods.role, 'unassigned') as role,
        rep_periods.has_closing_role,
        'all' as activity_type,
        cells.activities,
        cells.opportunities,
        cells.is_complete_period
    from cells
    left join rep_periods
        on
            cells.dimension_value = rep_periods.rep_id
            and cells.period_start = rep_periods.period_start
    where
        cells.variant = 'headline'
        and cells.dimension = 'rep'
        and cells.dimension_value <> 'unassigned'
),

both_kinds as (
    select * from types
    union all
    select * from reps
),

compared as (
    select
        both_kinds.*,
        sum(activities) over (
            partition by row_kind, period_start, team_id, has_closing_role
        ) as compared_activities,
        sum(opportunities) over (
            partition by row_kind, period_start, team_id, has_closing_role
        ) as compared_opportunities
    from both_kinds
)

select
    row_kind,
    'quarter' as period_grain,
    period_start,
    rep_id,
    team_id,
    role,
    has_closing_role,
    activity_type,
    activities,
    opportunities,
    case
        when activities >= {{ var('min_n') }} then {{ ratio('opportunities', 'activities') }}
    end as opportunity_ratio,
    cast(compared_activities as bigint) as compared_activities,
    cast(compared_opportunities as bigint) as compared_opportunities,
    case
        when compared_activities >= {{ var('min_n') }}
            then {{ ratio('compared_opportunities', 'compared_activities') }}
    end as compared_ratio,
    case
        when activities >= {{ var('min_n') }}
            then {{ ratio(
                'opportunities * compared_activities', 'activities * compared_opportunities'
            ) }}
    end as effectiveness_index,
    is_complete_period
from compared
