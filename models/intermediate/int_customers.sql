-- One row per account that ever became a customer, and since when: the first won deal that is no
-- renewal or the first invoice that was not paid back, whichever is first. A subscription proves a
-- customer only where a source delivers neither.
with accounts as (
    select * from {{ ref('int_accounts') }}
    where not is_test and not is_deleted
),

first_wins as (
    select * from {{ ref('int_account_first_wins') }}
),

invoices as (
    select * from {{ ref('int_invoices') }}
    where is_purchase
),

subscriptions as (
    select * from {{ ref('int_subscription_intervals') }}
),

ranked_invoices as (
    select
        invoices.*,
        row_number() over (partition by account_id order by issued_at, invoice_id) as position
    from invoices
),

first_invoices as (
    select * from ranked_invoices
    where position = 1
),

first_subscriptions as (
    select
        account_id,
        min(starts_on) as starts_on
    from subscriptions
    group by account_id
),

dated as (
    select
        accounts.account_id,
        accounts.segment,
        accounts.vertical,
        accounts.account_manager_rep_id,
        first_wins.opportunity_id as first_win_opportunity_id,
        first_wins.closed_at as first_win_at,
        first_wins.closed_on as first_win_on,
        first_wins.cycle_days as first_win_cycle_days,
        first_wins.owner_rep_id,
        first_wins.source_channel,
        first_wins.motion,
        first_invoices.issued_at as first_invoice_at,
        first_invoices.issued_on as first_invoice_on,
        first_invoices.rep_id as first_invoice_rep_id,
        first_invoices.location_id as first_invoice_location_id,
        case
            when first_wins.closed_on is null and first_invoices.issued_on is null
                then first_subscriptions.starts_on
        end as first_subscription_on
    from accounts
    left join first_wins
        on accounts.account_id = first_wins.account_id
    left join first_invoices
        on accounts.account_id = first_invoices.account_id
    left join first_subscriptions
        on accounts.account_id = first_subscriptions.account_id
),

evidence as (
    select
        dated.*,
        case
            when first_win_at <= coalesce(first_invoice_at, first_win_at) then 'won_deal'
            when first_invoice_at is not null then 'invoice'
            when first_subscription_on is not null then 'subscription'
        end as customer_since_source
    from dated
)

select
    account_id,
    segment,
    vertical,
    account_manager_rep_id,
    case customer_since_source
        when 'won_deal' then first_win_on
        when 'invoice' then first_invoice_on
        when 'subscription' then first_subscription_on
    end as customer_since_on,
    case customer_since_source
        when 'won_deal' then first_win_at
        when 'invoice' then first_invoice_at
    end as first_purchase_at,
    customer_since_source,
    first_win_opportunity_id,
    first_win_on,
    first_win_cycle_days,
    coalesce(owner_rep_id, first_invoice_rep_id, 'unassigned') as rep_id,
    coalesce(source_channel, 'unassigned') as source_channel,
    coalesce(motion, 'unassigned') as motion,
    coalesce(first_invoice_location_id, 'unassigned') as location_id
from evidence
where customer_since_source is not null
