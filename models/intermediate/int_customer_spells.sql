-- One row per account and unbroken time as a customer: half-open [started_on, ended_on), ended_on
-- null while it lasts. A subscription covers its own days and, after its end, the grace in which a
-- new one means that the customer never left. Before the first subscription, or without one, a
-- purchase covers inactivity_days. An end counts once the grace has passed.
with customers as (
    select * from {{ ref('int_customers') }}
),

subscriptions as (
    select
        intervals.account_id,
        intervals.starts_on,
        intervals.ends_on,
        intervals.end_reason
    from {{ ref('int_subscription_intervals') }} as intervals
    inner join customers
        on intervals.account_id = customers.account_id
    where intervals.ends_on is null or intervals.ends_on > customers.customer_since_on
),

first_subscriptions as (
    select
        account_id,
        min(starts_on) as starts_on
    from subscriptions
    group by account_id
),

purchases as (
    select
        account_id,
        issued_on as bought_on
    from {{ ref('int_invoices') }}
    where is_purchase
    union
    select
        account_id,
        closed_on as bought_on
    from {{ ref('int_opportunities') }}
    where is_won
),

covers as (
    select
        customers.account_id,
        greatest(subscriptions.starts_on, customers.customer_since_on) as starts_on,
        coalesce(subscriptions.ends_on, cast('9999-12-31' as date)) as ends_on,
        {{ var('churn_grace_days') }} as grace_days,
        subscriptions.end_reason
    from subscriptions
    inner join customers
        on subscriptions.account_id = customers.account_id
    -- Covers of the same days are one.
    union
    select
        customers.account_id,
        purchases.bought_on as starts_on,
        least(
            {{ add_days('purchases.bought_on', var('inactivity_days')) }},
            coalesce(first_subscriptions.starts_on, cast('9999-12-31' as date))
        ) as ends_on,
        0 as grace_days,
        'inactive' as end_reason
    from purchases
    inner join customers
        on purchases.account_id = customers.account_id
    left join first_subscriptions
        on purchases.account_id = first_subscriptions.account_id
    where
        purchases.bought_on >= customers.customer_since_on
        and (
            first_subscriptions.starts_on is null
            or purchases.bought_on < first_subscriptions.starts_on
        )
),

covered_before as (
    select
        covers.*,
        max(ends_on) over (
            partition by account_id
            order by starts_on, ends_on, grace_days, end_reason nulls first
            rows between unbounded preceding and 1 preceding
        ) as covered_to,
        max(grace_days) over (
            partition by account_id
            order by starts_on, ends_on, grace_days, end_reason nulls first
            rows between unbounded preceding and 1 preceding
        ) as covered_grace_days
    from covers
),

numbered as (
    select
        covered_before.*,
        sum(
            case
                when covered_to is null then 1
                when covered_to >= cast('9999-12-31' as date) then 0
                when starts_on > {{ add_days('covered_to', 'covered_grace_days') }} then 1
                else 0
            end
        ) over (
            partition by account_id
            order by starts_on, ends_on, grace_days, end_reason nulls first
            rows between unbounded preceding and current row
        ) as spell_number
    from covered_before
),

spells as (
    select
        account_id,
        spell_number,
        min(starts_on) as started_on,
        max(ends_on) as ends_on,
        max(grace_days) as grace_days
    from numbered
    group by account_id, spell_number
),

last_reasons as (
    select
        account_id,
        spell_number,
        end_reason,
        row_number() over (
            partition by account_id, spell_number
            order by ends_on desc, starts_on desc, end_reason asc nulls first
        ) as position
    from numbered
),

-- The year 9999 stands for no end and must not overflow when the grace is added.
confirmed as (
    select
        spells.*,
        ends_on < cast('9999-01-01' as date)
        and ends_on <= {{ add_days(as_of_date(), '-grace_days') }} as is_over
    from spells
)

select
    confirmed.account_id,
    confirmed.spell_number,
    confirmed.started_on,
    case when confirmed.is_over then confirmed.ends_on end as ended_on,
    case when confirmed.is_over then {{ add_days('confirmed.ends_on', -1) }} end as lost_on,
    case when confirmed.is_over then coalesce(last_reasons.end_reason, 'unknown') end
        as end_reason,
    confirmed.spell_number > 1 as is_reactivation
from confirmed
inner join last_reasons
    on
        confirmed.account_id = last_reasons.account_id
        and confirmed.spell_number = last_reasons.spell_number
        and last_reasons.position = 1
