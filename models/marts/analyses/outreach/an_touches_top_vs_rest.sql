-- Touches of top reps against the rest: how much work a won deal takes those who reach the most of
-- their quota, and everybody else.
with attained as (
    {{ quarter_attainments() }}
),

bookings as (
    select
        dimension_value as rep_id,
        period_start,
        numerator as amount
    from {{ ref('bookings_amount') }}
    where
        variant = 'headline'
        and period_grain = 'quarter'
        and dimension = 'rep'
        and dimension_value <> 'unassigned'
        and numerator > 0
),

touches as (
    select
        period_start,
        dimension_value as rep_id,
        case variant when 'headline' then 'all' else variant end as activity_type,
        numerator as touches,
        denominator as deals,
        is_complete_period
    from {{ ref('touches_per_closed_deal') }}
    where variant <> 'all_closed' and period_grain = 'quarter' and dimension = 'rep'
),

-- In a quarter in which nobody had a quota, bookings say who did best.
performances as (
    select
        period_start,
        rep_id,
        'quota_attainment' as ranked_by,
        {{ ratio('achieved', 'quota') }} as performance
    from attained
    union all
    select
        bookings.period_start,
        bookings.rep_id,
        'bookings' as ranked_by,
        cast(bookings.amount as {{ type_double() }}) as performance
    from bookings
    left join attained
        on bookings.period_start = attained.period_start
    where attained.rep_id is null
),

ranked as (
    select
        performances.*,
        percent_rank() over (partition by period_start order by performance desc) as share_above
    from performances
),

-- Equal performance is equal rank; who achieved nothing is at the top of nothing.
reps as (
    select
        ranked.*,
        share_above <= {{ var('top_share') }} and performance > 0 as is_top
    from ranked
),

sides as (
    select
        period_start,
        ranked_by,
        count(case when is_top then 1 end) as top_reps,
        count(case when not is_top then 1 end) as rest_reps
    from reps
    group by period_start, ranked_by
),

compared as (
    select
        touches.period_start,
        touches.activity_type,
        touches.is_complete_period,
        cast(sum(case when reps.is_top then touches.deals else 0 end) as bigint) as top_deals,
        cast(sum(case when reps.is_top then touches.touches else 0 end) as bigint)
            as top_touches,
        cast(sum(case when not reps.is_top then touches.deals else 0 end) as bigint)
            as rest_deals,
        cast(sum(case when not reps.is_top then touches.touches else 0 end) as bigint)
            as rest_touches,
        cast(sum(case when reps.is_top is null then touches.deals else 0 end) as bigint)
            as unranked_deals
    from touches
    left join reps
        on touches.period_start = reps.period_start and touches.rep_id = reps.rep_id
    group by touches.period_start, touches.activity_type, touches.is_complete_period
),

averaged as (
    select
        compared.*,
        case
            when top_deals >= {{ var('min_n') }} then {{ ratio('top_touches', 'top_deals') }}
        end as top_touches_per_deal,
        case
            when rest_deals >= {{ var('min_n') }} then {{ ratio('rest_touches', 'rest_deals') }}
        end as rest_touches_per_deal
    from compared
)

select
    'quarter' as period_grain,
    averaged.period_start,
    averaged.activity_type,
    sides.ranked_by,
    coalesce(sides.top_reps, 0) as top_reps,
    averaged.top_deals,
    averaged.top_touches,
    averaged.top_touches_per_deal,
    coalesce(sides.rest_reps, 0) as rest_reps,
    averaged.rest_deals,
    averaged.rest_touches,
    averaged.rest_touches_per_deal,
    averaged.unranked_deals,
    averaged.rest_touches_per_deal - averaged.top_touches_per_deal as difference,
    {{ ratio('averaged.rest_touches_per_deal', 'averaged.top_touches_per_deal') }}
        as touch_ratio,
    averaged.is_complete_period
from averaged
left join sides
    on averaged.period_start = sides.period_start
