-- One row per campaign, deleted ones included and marked, so that old facts keep their labels.
with campaigns as (
    select * from {{ ref('campaigns') }}
)

select
    campaign_id,
    campaign_name,
    channel,
    motion,
    budget_amount,
    currency,
    start_on,
    end_on,
    is_deleted
from campaigns
