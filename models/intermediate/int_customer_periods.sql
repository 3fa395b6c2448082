-- One row per customer, grain and period in which it was a customer on any day: whether it was one
-- at the start and at the end, and its recurring revenue at both, converted at one rate so that
-- an exchange rate is no churn. The end of the running period is as_of_date.
{%- set grains = kpi_grains(month_grains()) %}
with customers as (
    select * from {{ ref('int_customers') }}
),

spells as (
    select * from {{ ref('int_customer_spells') }}
),

subscriptions as (
    select
        intervals.subscription_id,
        intervals.account_id,
        intervals.currency,
        intervals.mrr_in_currency,
        greatest(intervals.starts_on, customers.customer_since_on) as starts_on,
        intervals.ends_on
    from {{ ref('int_subscription_intervals') }} as intervals
    inner join customers
        on intervals.account_id = customers.account_id
    where intervals.ends_on is null or intervals.ends_on > customers.customer_since_on
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

periods as (
    select distinct
        period_grain,
        period_start,
        period_end,
        known_end
    from (
        {{ period_days('(select min(started_on) from spells)', grains) | indent(8) }}
    ) as days
),

presence as (
    select
        spells.account_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.known_end,
        max(case
            when
                spells.started_on < periods.period_start
                and (spells.ended_on is null or spells.ended_on > periods.period_start)
                then 1
            else 0
        end) as active_at_start,
        max(case
            when spells.ended_on is null or spells.ended_on > periods.known_end
                then 1
            else 0
        end) as active_at_end
    from spells
    inner join periods
        on
            spells.started_on < periods.known_end
            and (spells.ended_on is null or spells.ended_on > periods.period_start)
    group by
        spells.account_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.known_end
),

covered as (
    select
        account_id,
        starts_on,
        max(coalesce(ends_on, cast('9999-12-31' as date))) over (
            partition by account_id
            order by starts_on, subscription_id
            rows between unbounded preceding and current row
        ) as covered_to,
        lead(starts_on) over (partition by account_id order by starts_on, subscription_id)
            as next_starts_on
    from subscriptions
),

gaps as (
    select
        account_id,
        covered_to as gap_starts_on,
        next_starts_on as gap_ends_on
    from covered
    where next_starts_on > covered_to
),

-- A loss is dated at the last active day, in revenue as in customers. A gap after which the
-- customer was still one is none in revenue either: the old subscription lasts until the new one.
revenue_intervals as (
    select
        subscriptions.account_id,
        subscriptions.currency,
        subscriptions.mrr_in_currency,
        subscriptions.starts_on,
        coalesce(spells.lost_on, gaps.gap_ends_on, subscriptions.ends_on) as ends_on
    from subscriptions
    left join spells
        on
            subscriptions.account_id = spells.account_id
            and subscriptions.ends_on = spells.ended_on
    left join gaps
        on
            subscriptions.account_id = gaps.account_id
            and subscriptions.ends_on = gaps.gap_starts_on
),

mrr_changes as (
    select
        presence.account_id,
        presence.period_grain,
        presence.period_start,
        case
            when revenue_intervals.starts_on < presence.period_start then 1
            else 0
        end as in_force_at_start,
        case
            when
                revenue_intervals.ends_on is null
                or revenue_intervals.ends_on >= presence.known_end
                then 1
            else 0
        end as in_force_at_end,
        {{ convert(
            'revenue_intervals.mrr_in_currency', 'revenue_intervals.currency', 'exchange_rates.rate'
        ) }} as mrr
    from presence
    inner join revenue_intervals
        on
            presence.account_id = revenue_intervals.account_id
            and revenue_intervals.starts_on < presence.known_end
            and (
                revenue_intervals.ends_on is null
                or revenue_intervals.ends_on >= presence.period_start
            )
    left join exchange_rates
        on
            revenue_intervals.currency = exchange_rates.currency
            and presence.period_start = exchange_rates.valid_on
),

-- Without a rate the revenue of the account is not known, which is not the same as 0.
recurring as (
    select
        account_id,
        period_grain,
        period_start,
        case when count(*) = count(mrr) then sum(in_force_at_start * mrr) end as mrr_at_start,
        case when count(*) = count(mrr) then sum(in_force_at_end * mrr) end as mrr_at_end
    from mrr_changes
    group by account_id, period_grain, period_start
)

select
    presence.account_id,
    customers.rep_id,
    customers.account_manager_rep_id,
    customers.segment,
    customers.vertical,
    customers.source_channel,
    customers.customer_since_on,
    presence.period_grain,
    presence.period_start,
    presence.period_end,
    {{ add_days('presence.known_end', -1) }} as last_known_on,
    presence.active_at_start = 1 as is_active_at_start,
    presence.active_at_end = 1 as is_active_at_end,
    customers.customer_since_on >= presence.period_start as is_acquired,
    case when recurring.account_id is null then 0 else recurring.mrr_at_start end as mrr_at_start,
    case when recurring.account_id is null then 0 else recurring.mrr_at_end end as mrr_at_end
from presence
inner join customers
    on presence.account_id = customers.account_id
left join recurring
    on
        presence.account_id = recurring.account_id
        and presence.period_grain = recurring.period_grain
        and presence.period_start = recurring.period_start
