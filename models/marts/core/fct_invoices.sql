-- One row per invoice or credit note that counts and has lines. Credit notes are negative.
with lines as (
    select * from {{ ref('fct_invoice_lines') }}
)

select
    invoice_id,
    document_type,
    account_id,
    location_id,
    location_kind,
    location_region,
    rep_id,
    team_id,
    territory_id,
    region,
    segment,
    vertical,
    source_channel,
    campaign_id,
    issued_on,
    local_issued_on,
    restated_on,
    currency,
    count(*) as line_count,
    count(distinct product_id) as product_count,
    sum(quantity) as quantity,
    -- An amount is known if that of every line is.
    case when count(*) = count(net_amount) then sum(net_amount) end as net_amount,
    case when count(*) = count(cost_amount) then sum(cost_amount) end as cost_amount,
    case when count(*) = count(list_amount) then sum(list_amount) end as list_amount
from lines
group by
    invoice_id,
    document_type,
    account_id,
    location_id,
    location_kind,
    location_region,
    rep_id,
    team_id,
    territory_id,
    region,
    segment,
    vertical,
    source_channel,
    campaign_id,
    issued_on,
    local_issued_on,
    restated_on,
    currency
