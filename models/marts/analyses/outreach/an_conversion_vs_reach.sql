-- Conversion against reach: whether reps who approach more prospects convert fewer of them, who is
-- stretched too far, and who approaches prospects that nobody has ever won.
{%- set horizon = var('conversion_horizon_days') %}
with cells as (
    select * from {{ ref('customer_acquisition_rate') }}
    where
        variant = 'headline'
        and period_grain = 'quarter'
        and dimension = 'rep'
        and dimension_value <> 'unassigned'
),

buyers as (
    select
        {{ period_start('first_touched_on', 'quarter') }} as period_start,
        rep_id,
        segment
    from {{ ref('fct_prospect_accounts') }}
    where not was_customer and segment <> 'unassigned'
),

won_segments as (
    select
        segment,
        min(won_on) as first_won_on
    from {{ ref('fct_new_customers') }}
    group by segment
),

reached as (
    select
        period_start,
        dimension_value as rep_id,
        cast(denominator as bigint) as new_prospects,
        cast(numerator as bigint) as customers,
        case
            when denominator >= {{ var('min_n') }} then {{ ratio('numerator', 'denominator') }}
        end as acquisition_rate,
        is_complete_period,
        is_matured
    from cells
),

-- Only reps with a rate are compared, on both sides.
spread as (
    select
        period_start,
        count(*) as compared_reps,
        percentile_cont(0.75) within group (order by new_prospects) as p75_prospects,
        percentile_cont(0.5) within group (order by acquisition_rate) as median_rate,
        -- Where all are alike there is nothing to correlate.
        case
            when
                min(new_prospects) < max(new_prospects)
                and min(acquisition_rate) < max(acquisition_rate)
                then round(corr(new_prospects, acquisition_rate), 6)
        end as correlation
    from reached
    where acquisition_rate is not null
    group by period_start
),

fitting as (
    select
        buyers.period_start,
        buyers.rep_id,
        count(*) as known_prospects,
        count(
            case
                when
                    won_segments.first_won_on
                    < {{ period_end('buyers.period_start', 'quarter') }}
                    then 1
            end
        ) as fitting_prospects
    from buyers
    left join won_segments
        on buyers.segment = won_segments.segment
    group by buyers.period_start, buyers.rep_id
)

select
    'quarter' as period_grain,
    reached.period_start,
    reached.rep_id,
    reached.new_prospects,
    reached.customers,
    reached.acquisition_rate,
    coalesce(spread.compared_reps, 0) as compared_reps,
    spread.p75_prospects,
    spread.median_rate,
    spread.correlation,
    case
        when reached.is_matured and reached.acquisition_rate is not null
            then
                reached.new_prospects > spread.p75_prospects
                and reached.acquisition_rate < spread.median_rate
    end as is_stretched,
    coalesce(fitting.known_prospects, 0) as known_segment_prospects,
    coalesce(fitting.known_prospects - fitting.fitting_prospects, 0) as bad_fit_prospects,
    case
        when fitting.known_prospects >= {{ var('min_n') }}
            then {{ ratio(
                'fitting.known_prospects - fitting.fitting_prospects', 'fitting.known_prospects'
            ) }}
    end as bad_fit_share,
    reached.is_complete_period,
    reached.is_matured
from reached
left join spread
    on reached.period_start = spread.period_start
left join fitting
    on reached.period_start = fitting.period_start and reached.rep_id = fitting.rep_id
