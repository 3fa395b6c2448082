-- How often customers are in touch with us against how long they have been customers, with the
-- longest ones as the pattern to compare with.
with spells as (
    select * from {{ ref('fct_customer_spells') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

touches as (
    select * from {{ ref('fct_activities') }}
    where is_human and is_with_customer
),

relationships as (
    select
        spells.account_id,
        accounts.segment,
        accounts.vertical,
        accounts.account_manager_rep_id,
        min(spells.started_on) as customer_since_on,
        cast(sum({{ months_between(
            'spells.started_on',
            'coalesce(spells.ended_on, ' ~ add_days(as_of_date(), 1) ~ ')'
        ) }}) as decimal(18, 6)) as tenure_months,
        max(case when spells.ended_on is null then 1 else 0 end) = 1 as is_customer
    from spells
    inner join accounts
        on spells.account_id = accounts.account_id
    group by
        spells.account_id,
        accounts.segment,
        accounts.vertical,
        accounts.account_manager_rep_id
),

mixes as (
    select
        account_id,
        count(*) as touches,
        count(case when activity_type = 'call' then 1 end) as call_touches,
        count(case when activity_type = 'email' then 1 end) as email_touches,
        count(
            case
                when activity_type in ('video_meeting', 'in_person_meeting', 'demo') then 1
            end
        ) as meeting_touches,
        count(case when direction = 'inbound' then 1 end) as inbound_touches,
        count(case when issue_raised then 1 end) as problem_touches,
        count(distinct occurred_on) as touch_days,
        min(occurred_on) as first_touch_on,
        max(occurred_on) as last_touch_on
    from touches
    group by account_id
),

measured as (
    select
        relationships.*,
        row_number() over (
            order by relationships.tenure_months desc, relationships.account_id asc
        ) as tenure_rank,
        coalesce(mixes.touches, 0) as touches,
        coalesce(mixes.touch_days, 0) as touch_days,
        coalesce(mixes.call_touches, 0) as call_touches,
        coalesce(mixes.email_touches, 0) as email_touches,
        coalesce(mixes.meeting_touches, 0) as meeting_touches,
        coalesce(mixes.inbound_touches, 0) as inbound_touches,
        coalesce(mixes.problem_touches, 0) as problem_touches,
        mixes.last_touch_on,
        -- The mean of all gaps is the time between the first and the last day over their number.
        {{ ratio(
            days_between('mixes.first_touch_on', 'mixes.last_touch_on'), 'mixes.touch_days - 1'
        ) }} as days_between_touches,
        case
            when relationships.is_customer
                then {{ days_between(
                    'coalesce(mixes.last_touch_on, relationships.customer_since_on)', as_of_date()
                ) }}
        end as days_since_last_touch,
        -- A rate by the quarter says nothing about a customer of a few weeks.
        case
            when relationships.tenure_months >= 3
                then cast(
                    {{ ratio('coalesce(mixes.touches, 0) * 3', 'relationships.tenure_months') }}
                    as decimal(18, 6)
                )
        end as touches_per_quarter
    from relationships
    left join mixes
        on relationships.account_id = mixes.account_id
),

flagged as (
    select
        measured.*,
        tenure_rank <= {{ var('longest_customers') }} as is_longest
    from measured
),

-- Sums of decimals are exact: the correlation does not depend on the order of the rows, and no
-- spread is none, not a rest of rounding.
pairs as (
    select
        cast(tenure_months as decimal(28, 6)) as x,
        cast(touches_per_quarter as decimal(28, 6)) as y
    from flagged
    where touches_per_quarter is not null
),

sums as (
    select
        count(*) as customers,
        cast(count(*) as decimal(10, 0)) as n,
        cast(sum(x) as decimal(28, 6)) as sum_x,
        cast(sum(y) as decimal(28, 6)) as sum_y,
        cast(sum(x * x) as decimal(26, 12)) as sum_xx,
        cast(sum(y * y) as decimal(26, 12)) as sum_yy,
        cast(sum(x * y) as decimal(26, 12)) as sum_xy
    from pairs
),

spreads as (
    select
        customers,
        cast(n * sum_xy - sum_x * sum_y as {{ type_double() }}) as covariance,
        cast(n * sum_xx - sum_x * sum_x as {{ type_double() }}) as variance_x,
        cast(n * sum_yy - sum_y * sum_y as {{ type_double() }}) as variance_y
    from sums
),

correlations as (
    select
        customers,
        case
            when customers >= {{ var('min_n') }}
                then round({{ ratio('covariance', 'sqrt(variance_x) * sqrt(variance_y)') }}, 6)
        end as correlation
    from spreads
),

sided as (
    select
        is_longest,
        count(days_between_touches) as customers,
        {{ ratio(
            'sum(cast(days_between_touches as decimal(18, 6)))', 'count(days_between_touches)'
        ) }} as days_between_touches,
        {{ ratio('sum(problem_touches)', 'sum(touches)') }} as problem_share
    from flagged
    group by is_longest
)

select
    flagged.account_id,
    flagged.segment,
    flagged.vertical,
    flagged.account_manager_rep_id,
    flagged.is_customer,
    flagged.customer_since_on,
    flagged.tenure_months,
    flagged.tenure_rank,
    flagged.is_longest,
    flagged.touches,
    flagged.touch_days,
    flagged.touches_per_quarter,
    flagged.days_between_touches,
    flagged.last_touch_on,
    flagged.days_since_last_touch,
    flagged.call_touches,
    flagged.email_touches,
    flagged.meeting_touches,
    flagged.touches - flagged.call_touches - flagged.email_touches - flagged.meeting_touches
        as other_touches,
    flagged.inbound_touches,
    flagged.problem_touches,
    case
        when flagged.touches >= {{ var('min_n') }}
            then {{ ratio('flagged.problem_touches', 'flagged.touches') }}
    end as problem_share,
    longest.customers as longest_customers,
    longest.days_between_touches as longest_days_between_touches,
    longest.problem_share as longest_problem_share,
    coalesce(others.customers, 0) as other_customers,
    others.days_between_touches as other_days_between_touches,
    others.problem_share as other_problem_share,
    correlations.customers as correlated_customers,
    correlations.correlation
from flagged
inner join sided as longest
    on longest.is_longest
left join sided as others
    on not others.is_longest
cross join correlations
