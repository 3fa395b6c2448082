-- Calls to listen to for coaching: the recorded ones on deals that were lost or are left lying, and
-- how many of a rep's calls are recorded at all.
{%- set min_n = var('min_n') %}
with activities as (
    select * from {{ ref('fct_activities') }}
    where is_human
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where opportunity_type <> 'renewal'
),

rep_periods as (
    select * from {{ ref('fct_rep_periods') }}
    where period_grain = 'quarter'
),

-- What is said over a line can be recorded: by telephone, by video, in a demo.
calls as (
    select
        activity_id,
        activity_type,
        rep_id,
        team_id,
        attributed_opportunity_id as opportunity_id,
        occurred_on,
        is_recorded,
        {{ period_start('occurred_on', 'quarter') }} as period_start
    from activities
    where activity_type in ('call', 'video_meeting', 'demo')
),

touched as (
    select
        attributed_opportunity_id as opportunity_id,
        max(occurred_on) as last_touched_on
    from activities
    group by attributed_opportunity_id
),

deals as (
    select
        opportunities.opportunity_id,
        opportunities.amount,
        opportunities.last_open_stage,
        case when opportunities.is_lost then opportunities.loss_reason_key end as loss_reason_key,
        opportunities.is_lost,
        case
            when opportunities.is_open
                then {{ days_between('touched.last_touched_on', as_of_date()) }}
        end as days_untouched
    from opportunities
    inner join touched
        on opportunities.opportunity_id = touched.opportunity_id
),

deals_to_review as (
    select
        deals.*,
        case when is_lost then 'lost' else 'stalled' end as review_reason
    from deals
    where is_lost or days_untouched >= {{ var('untouched_days') }}
),

-- The largest deal first, within a deal the latest call.
queue as (
    select
        calls.*,
        deals_to_review.review_reason,
        deals_to_review.amount,
        deals_to_review.last_open_stage,
        deals_to_review.loss_reason_key,
        deals_to_review.days_untouched,
        row_number() over (
            partition by calls.rep_id, calls.period_start
            order by
                deals_to_review.amount desc nulls last,
                calls.opportunity_id asc,
                calls.occurred_on desc,
                calls.activity_id asc
        ) as review_position
    from calls
    inner join deals_to_review
        on calls.opportunity_id = deals_to_review.opportunity_id
    where calls.is_recorded
),

queued as (
    select
        rep_id,
        period_start,
        count(*) as calls_to_review,
        count(distinct opportunity_id) as deals_to_review
    from queue
    group by rep_id, period_start
),

counted as (
    select
        rep_id,
        period_start,
        count(*) as calls,
        count(*) filter (where is_recorded) as recorded_calls
    from calls
    group by rep_id, period_start
),

covered as (
    select
        counted.*,
        case
            when counted.calls >= {{ min_n }}
                then {{ ratio('counted.recorded_calls', 'counted.calls') }}
        end as recorded_share,
        coalesce(queued.calls_to_review, 0) as calls_to_review,
        coalesce(queued.deals_to_review, 0) as deals_to_review
    from counted
    left join queued
        on counted.rep_id = queued.rep_id and counted.period_start = queued.period_start
),

rows_of_both_kinds as (
    select
        'rep' as row_kind,
        covered.rep_id,
        coalesce(rep_periods.team_id, 'unassigned') as team_id,
        covered.period_start,
        'all' as activity_id,
        cast(null as {{ dbt.type_string() }}) as activity_type,
        cast(null as date) as occurred_on,
        cast(null as {{ dbt.type_string() }}) as opportunity_id,
        cast(null as {{ dbt.type_string() }}) as review_reason,
        cast(null as decimal(18, 2)) as amount,
        cast(null as {{ dbt.type_string() }}) as last_open_stage,
        cast(null as {{ dbt.type_string() }}) as loss_reason_key,
        cast(null as bigint) as days_untouched,
        cast(null as bigint) as review_position
    from covered
    left join rep_periods
        on
            covered.rep_id = rep_periods.rep_id
            and covered.period_start = rep_periods.period_start
    union all
    select
        'call' as row_kind,
        rep_id,
        team_id,
        period_start,
        activity_id,
        activity_type,
        occurred_on,
        opportunity_id,
        review_reason,
        amount,
        last_open_stage,
        loss_reason_key,
        days_untouched,
        review_position
    from queue
)

select
    rows_of_both_kinds.row_kind,
    rows_of_both_kinds.rep_id,
    rows_of_both_kinds.team_id,
    'quarter' as period_grain,
    rows_of_both_kinds.period_start,
    {{ period_end('rows_of_both_kinds.period_start', 'quarter') }}
    <= {{ add_days(as_of_date(), 1) }} as is_complete_period,
    covered.calls,
    covered.recorded_calls,
    covered.recorded_share,
    covered.calls_to_review,
    covered.deals_to_review,
    rows_of_both_kinds.activity_id,
    rows_of_both_kinds.activity_type,
    rows_of_both_kinds.occurred_on,
    rows_of_both_kinds.opportunity_id,
    rows_of_both_kinds.review_reason,
    rows_of_both_kinds.amount,
    rows_of_both_kinds.last_open_stage,
    rows_of_both_kinds.loss_reason_key,
    rows_of_both_kinds.days_untouched,
    rows_of_both_kinds.review_position
from rows_of_both_kinds
inner join covered
    on
        rows_of_both_kinds.rep_id = covered.rep_id
        and rows_of_both_kinds.period_start = covered.period_start
