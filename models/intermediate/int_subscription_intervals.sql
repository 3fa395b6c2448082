-- One row per subscription and price: half-open [starts_on, ends_on), ends_on null while it lasts.
-- Where the next row of the same subscription begins within the grace, the gap is bridged; an end
-- is known once the grace has passed.
with periods as (
    select * from {{ ref('subscription_periods') }}
    where
        not is_deleted
        and period_start <= {{ as_of_date() }}
        and (period_end is null or period_end > period_start)
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

followed as (
    select
        periods.*,
        account_survivors.survivor_id,
        lead(period_start) over (
            partition by subscription_id
            order by period_start
        ) as next_period_start,
        max(coalesce(period_end, cast('9999-12-31' as date))) over (
            partition by coalesce(account_survivors.survivor_id, periods.account_id)
        ) as account_covered_to
    from periods
    left join account_survivors
        on periods.account_id = account_survivors.account_id
)

select
    followed.subscription_id,
    coalesce(followed.survivor_id, followed.account_id) as account_id,
    followed.product_id,
    followed.mrr as mrr_in_currency,
    followed.currency,
    followed.period_start as starts_on,
    case
        -- A row left open by its source is over when the next one begins.
        when followed.next_period_start <= {{ add_days(
            'coalesce(followed.period_end, followed.next_period_start)', var('churn_grace_days')
        ) }}
            then followed.next_period_start
        when followed.period_end <= {{ add_days(as_of_date(), -var('churn_grace_days')) }}
            then followed.period_end
        -- Whether the customer leaves is not in doubt where another subscription goes on.
        when
            followed.period_end <= {{ as_of_date() }}
            and followed.account_covered_to > followed.period_end
            then followed.period_end
    end as ends_on,
    followed.period_end as declared_ends_on,
    followed.end_reason,
    followed.cancel_reason,
    followed.switched_to_competitor_id
from followed
left join accounts
    on followed.survivor_id = accounts.account_id
where not coalesce(accounts.is_test, false)
