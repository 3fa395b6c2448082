-- Missed quota with very many touches: reps who worked much harder for each deal than the top reps
-- and missed their quota all the same.
with attained as (
    {{ quarter_attainments() }}
),

touches as (
    select
        period_start,
        dimension_value as rep_id,
        numerator as touches,
        denominator as deals
    from {{ ref('touches_per_closed_deal') }}
    where variant = 'headline' and period_grain = 'quarter' and dimension = 'rep'
),

top_reps as (
    select * from {{ ref('an_touches_top_vs_rest') }}
    where activity_type = 'all'
),

compared as (
    select
        attained.period_start,
        attained.rep_id,
        attained.achieved,
        attained.quota,
        {{ ratio('attained.achieved', 'attained.quota') }} as quota_attainment,
        cast(coalesce(touches.deals, 0) as bigint) as deals,
        cast(coalesce(touches.touches, 0) as bigint) as touches,
        top_reps.top_deals,
        top_reps.top_touches,
        top_reps.top_touches_per_deal,
        touches.deals >= {{ var('min_n') }} as is_enough,
        {{ period_end('attained.period_start', 'quarter') }} <= {{ add_days(as_of_date(), 1) }}
            as is_complete_period
    from attained
    left join touches
        on attained.period_start = touches.period_start and attained.rep_id = touches.rep_id
    left join top_reps
        on attained.period_start = top_reps.period_start
),

rated as (
    select
        compared.*,
        case when is_enough then {{ ratio('touches', 'deals') }} end as touches_per_deal,
        -- One division, so that exactly the threshold is reached where it is.
        case
            when is_enough and top_touches_per_deal is not null
                then {{ ratio('touches * top_deals', 'deals * top_touches') }}
        end as touch_ratio
    from compared
)

select
    'quarter' as period_grain,
    period_start,
    rep_id,
    cast(achieved as decimal(18, 2)) as achieved,
    cast(quota as decimal(18, 2)) as quota,
    quota_attainment,
    deals,
    touches,
    touches_per_deal,
    coalesce(top_deals, 0) as top_deals,
    coalesce(top_touches, 0) as top_touches,
    top_touches_per_deal,
    touch_ratio,
    -- A quota is not missed before its quarter is over.
    case
        when quota_attainment >= 1 then 'made_quota'
        when not is_complete_period or touch_ratio is null then null
        when touch_ratio >= {{ var('high_touch_ratio') }} then 'missed_high_touch'
        else 'missed'
    end as finding,
    is_complete_period
from rated
