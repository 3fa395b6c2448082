-- Positive reply trends: how the share of new prospects who answer yes moves from month to month,
-- by kind of approach, campaign and how long the rep has been here.
with prospects as (
    select
        {{ period_start('first_touched_on', 'month') }} as period_start,
        method,
        campaign_id,
        tenure,
        decided_sentiment
    from {{ ref('fct_prospects') }}
    where not was_customer
),

-- Each combination, and `all` for each part of it: every prospect is in one method, one campaign
-- and one tenure, so they add up.
months as (
    select
        period_start,
        coalesce(method, 'all') as method,
        coalesce(campaign_id, 'all') as campaign_id,
        coalesce(tenure, 'all') as tenure,
        count(*) as prospects,
        count(case when decided_sentiment = 'positive' then 1 end) as positive_prospects
    from prospects
    group by period_start, cube(method, campaign_id, tenure)
),

compared as (
    select
        months.*,
        coalesce(before.prospects, 0) as previous_prospects,
        coalesce(before.positive_prospects, 0) as previous_positive_prospects,
        {{ period_end('months.period_start', 'month') }} <= {{ add_days(as_of_date(), 1) }}
            as is_complete_period,
        {{ add_days(period_end('months.period_start', 'month'), var('reply_days')) }}
        <= {{ add_days(as_of_date(), 1) }} as is_matured,
        months.prospects >= {{ var('min_n') }} as is_enough,
        coalesce(before.prospects >= {{ var('min_n') }}, false) as was_enough,
        {{ two_proportion_z(
            'months.positive_prospects',
            'months.prospects',
            'before.positive_prospects',
            'before.prospects',
        ) }} as z_score
    from months
    left join months as before
        on
            {{ add_months('months.period_start', -1) }} = before.period_start
            and months.method = before.method
            and months.campaign_id = before.campaign_id
            and months.tenure = before.tenure
),

rated as (
    select
        compared.*,
        case
            when is_enough then {{ ratio('positive_prospects', 'prospects') }}
        end as positive_reply_rate,
        case
            when was_enough
                then {{ ratio('previous_positive_prospects', 'previous_prospects') }}
        end as previous_positive_reply_rate,
        case
            when is_enough and was_enough then round(2 * ({{ normal_cdf('-abs(z_score)') }}), 6)
        end as p_value
    from compared
)

select
    'month' as period_grain,
    period_start,
    method,
    campaign_id,
    tenure,
    prospects,
    positive_prospects,
    positive_reply_rate,
    previous_prospects,
    previous_positive_prospects,
    previous_positive_reply_rate,
    positive_reply_rate - previous_positive_reply_rate as change,
    p_value,
    -- Replies to the latest approaches are still to come.
    case
        when not is_matured or not is_enough or not was_enough then null
        when p_value is null or p_value >= {{ var('significance') }} then 'no_change'
        when positive_reply_rate > previous_positive_reply_rate then 'rising'
        else 'falling'
    end as trend,
    is_complete_period,
    is_matured
from rated
