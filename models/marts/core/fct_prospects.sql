-- One row per person we ever reached out to: the first touch, what they answered since, and whether
-- they bought.
with activities as (
    select * from {{ ref('fct_activities') }}
),

person_profiles as (
    select * from {{ ref('int_person_profiles') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

reps as (
    select * from {{ ref('reps') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
    where is_won and opportunity_type <> 'renewal'
),

opportunity_people as (
    select * from {{ ref('int_opportunity_people') }}
),

counted_touches as (
    select * from {{ ref('int_counted_touches') }}
),

ranked_touches as (
    select
        activities.*,
        row_number() over (partition by person_id order by occurred_at, activity_id) as position
    from activities
    where is_outbound_touch and person_id is not null
),

first_touches as (
    select
        ranked_touches.*,
        {{ months_between('reps.hired_on', 'ranked_touches.occurred_on') }} as tenure_months
    from ranked_touches
    left join reps
        on ranked_touches.rep_id = reps.rep_id
    where ranked_touches.position = 1
),

wins as (
    select
        first_touches.person_id,
        opportunities.opportunity_id,
        opportunities.closed_at,
        opportunities.closed_on,
        row_number() over (
            partition by first_touches.person_id
            order by opportunities.closed_at, opportunities.opportunity_id
        ) as position
    from first_touches
    inner join opportunity_people
        on first_touches.person_id = opportunity_people.person_id
    inner join opportunities
        on opportunity_people.opportunity_id = opportunities.opportunity_id
    where opportunities.closed_at >= first_touches.occurred_at
),

touch_counts as (
    select
        counted_touches.person_id,
        count(*) as touches
    from counted_touches
    left join wins
        on counted_touches.person_id = wins.person_id and wins.position = 1
    where wins.closed_at is null or counted_touches.occurred_at <= wins.closed_at
    group by counted_touches.person_id
),

answers as (
    select
        activities.person_id,
        activities.reply_sentiment,
        row_number() over (
            partition by activities.person_id
            order by activities.occurred_at desc, activities.activity_id desc
        ) as position_from_last
    from activities
    inner join first_touches
        on
            activities.person_id = first_touches.person_id
            and activities.occurred_at >= first_touches.occurred_at
    where activities.is_answer and activities.reply_sentiment is not null
),

-- The last word decides.
sentiments as (
    select
        person_id,
        max(case when position_from_last = 1 then reply_sentiment end) as decided_sentiment,
        max(case when reply_sentiment = 'positive' then 1 else 0 end) as positive_replies
    from answers
    group by person_id
),

located as (
    select
        first_touches.*,
        person_profiles.lead_id as first_lead_id,
        coalesce(first_touches.account_id, person_profiles.account_id) as prospect_account_id,
        person_profiles.campaign_id,
        person_profiles.segment as lead_segment
    from first_touches
    left join person_profiles
        on first_touches.person_id = person_profiles.person_id
)

select
    located.person_id,
    located.first_lead_id as lead_id,
    located.prospect_account_id as account_id,
    located.activity_id as first_touch_activity_id,
    located.occurred_at as first_touched_at,
    located.occurred_on as first_touched_on,
    located.activity_type as method,
    located.rep_id,
    located.team_id,
    located.territory_id,
    located.region,
    located.role,
    case
        when located.tenure_months is null then 'unassigned'
        when located.tenure_months < 3 then '00-03'
        when located.tenure_months < 6 then '03-06'
        when located.tenure_months < 12 then '06-12'
        else '12+'
    end as tenure,
    coalesce(located.lead_segment, 'unassigned') as segment,
    located.source_channel,
    coalesce(located.campaign_id, 'unassigned') as campaign_id,
    coalesce(customers.customer_since_on <= located.occurred_on, false) as was_customer,
    touch_counts.touches,
    sentiments.decided_sentiment,
    coalesce(sentiments.positive_replies = 1, false) as has_positive_reply,
    wins.opportunity_id as converting_opportunity_id,
    wins.closed_at as converted_at,
    wins.closed_on as converted_on,
    wins.closed_at is not null as is_converted
from located
left join customers
    on located.prospect_account_id = customers.account_id
left join touch_counts
    on located.person_id = touch_counts.person_id
left join sentiments
    on located.person_id = sentiments.person_id
left join wins
    on located.person_id = wins.person_id and wins.position = 1
