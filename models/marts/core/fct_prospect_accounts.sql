-- One row per buyer we ever reached out to: an account, or a person of whom no account is known.
-- Two prospects of one account are one buyer.
with activities as (
    select * from {{ ref('fct_activities') }}
    where is_outbound_touch
),

person_profiles as (
    select * from {{ ref('int_person_profiles') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

opportunity_people as (
    select * from {{ ref('int_opportunity_people') }}
),

touches as (
    select
        activities.activity_id,
        activities.activity_type,
        activities.person_id,
        activities.rep_id,
        activities.team_id,
        activities.territory_id,
        activities.region,
        activities.source_channel,
        activities.occurred_at,
        activities.occurred_on,
        coalesce(activities.account_id, person_profiles.account_id) as account_id,
        coalesce(
            'account/' || activities.account_id,
            'account/' || person_profiles.account_id,
            activities.person_id
        ) as buyer_id
    from activities
    left join person_profiles
        on activities.person_id = person_profiles.person_id
    where activities.account_id is not null or activities.person_id is not null
),

ranked_touches as (
    select
        touches.*,
        row_number() over (partition by buyer_id order by occurred_at, activity_id) as position
    from touches
),

first_touches as (
    select * from ranked_touches
    where position = 1
),

-- A person without an account buys through the accounts of the deals it takes part in.
buying_accounts as (
    select
        buyer_id,
        account_id,
        occurred_at
    from first_touches
    where account_id is not null
    union all
    select distinct
        first_touches.buyer_id,
        opportunities.account_id,
        first_touches.occurred_at
    from first_touches
    inner join opportunity_people
        on first_touches.person_id = opportunity_people.person_id
    inner join opportunities
        on opportunity_people.opportunity_id = opportunities.opportunity_id
    where first_touches.account_id is null
),

wins as (
    select
        buying_accounts.buyer_id,
        opportunities.opportunity_id,
        opportunities.closed_at,
        opportunities.closed_on,
        row_number() over (
            partition by buying_accounts.buyer_id
            order by opportunities.closed_at, opportunities.opportunity_id
        ) as position
    from buying_accounts
    inner join opportunities
        on buying_accounts.account_id = opportunities.account_id
    where
        opportunities.is_won
        and opportunities.opportunity_type <> 'renewal'
        and opportunities.closed_at >= buying_accounts.occurred_at
),

touch_counts as (
    select
        touches.buyer_id,
        count(*) as touches
    from touches
    left join wins
        on touches.buyer_id = wins.buyer_id and wins.position = 1
    where wins.closed_at is null or touches.occurred_at <= wins.closed_at
    group by touches.buyer_id
)

select
    first_touches.buyer_id,
    first_touches.account_id,
    first_touches.person_id as first_person_id,
    first_touches.activity_id as first_touch_activity_id,
    first_touches.occurred_at as first_touched_at,
    first_touches.occurred_on as first_touched_on,
    first_touches.activity_type as method,
    first_touches.rep_id,
    first_touches.team_id,
    first_touches.territory_id,
    first_touches.region,
    first_touches.source_channel,
    coalesce(accounts.segment, 'unassigned') as segment,
    coalesce(customers.customer_since_on <= first_touches.occurred_on, false) as was_customer,
    touch_counts.touches,
    case
        when touch_counts.touches = 1 then '1'
        when touch_counts.touches <= 3 then '2-3'
        when touch_counts.touches <= 6 then '4-6'
        else '7+'
    end as touch_bucket,
    wins.opportunity_id as converting_opportunity_id,
    wins.closed_at as converted_at,
    wins.closed_on as converted_on,
    wins.closed_at is not null as is_converted
from first_touches
inner join touch_counts
    on first_touches.buyer_id = touch_counts.buyer_id
left join wins
    on first_touches.buyer_id = wins.buyer_id and wins.position = 1
left join accounts
    on first_touches.account_id = accounts.account_id
left join customers
    on first_touches.account_id = customers.account_id
