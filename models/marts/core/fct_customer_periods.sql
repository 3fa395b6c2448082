-- One row per customer, grain and period in which it was a customer on any day.
with periods as (
    select * from {{ ref('int_customer_periods') }}
)

select
    account_id,
    rep_id,
    account_manager_rep_id,
    segment,
    vertical,
    source_channel,
    customer_since_on,
    period_grain,
    period_start,
    period_end,
    last_known_on,
    is_active_at_start,
    is_active_at_end,
    is_acquired,
    is_active_at_start and not is_active_at_end as is_lost,
    not is_active_at_start and not is_acquired as is_reactivated,
    mrr_at_start,
    mrr_at_end,
    case
        when mrr_at_start > 0 and mrr_at_end = 0 then 'churn'
        when mrr_at_start > mrr_at_end then 'contraction'
        when mrr_at_start > 0 and mrr_at_end > mrr_at_start then 'expansion'
        when mrr_at_start > 0 then 'unchanged'
        when mrr_at_end > 0 and not is_active_at_start and not is_acquired then 'reactivation'
        when mrr_at_end > 0 then 'new'
        when mrr_at_end = 0 then 'none'
    end as mrr_movement
from periods
