-- One row per submission and the click it came from: the last click of the same visitor on the same
-- call-to-action, at most 24 hours before. A click of the same instant is one before.
with events as (
    select * from {{ ref('int_cta_events') }}
),

-- Every submission gets the number of clicks there were by then, which is that of the last click.
numbered as (
    select
        events.*,
        sum(case when event_type = 'click' then 1 else 0 end) over (
            partition by visitor_id, cta_id
            order by occurred_at, case when event_type = 'click' then 1 else 2 end, cta_event_id
            rows between unbounded preceding and current row
        ) as click_number
    from events
    where event_type in ('click', 'submission')
),

clicks as (
    select * from numbered
    where event_type = 'click'
),

submissions as (
    select * from numbered
    where event_type = 'submission'
)

select
    submissions.cta_event_id as submission_event_id,
    clicks.cta_event_id as click_event_id,
    submissions.occurred_at as submitted_at
from submissions
inner join clicks
    on
        submissions.visitor_id = clicks.visitor_id
        and submissions.cta_id = clicks.cta_id
        and submissions.click_number = clicks.click_number
where {{ seconds_between('clicks.occurred_at', 'submissions.occurred_at') }} <= 24 * 60 * 60
