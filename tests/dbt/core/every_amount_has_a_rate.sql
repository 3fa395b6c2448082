-- Money that could not be converted: no exchange rate within fx_stale_days of its date. It would
-- be missing from every sum, so nothing is published until the rate is there.
{{ config(meta={'dagster': {'ref': {'name': 'fct_opportunities'}}}) }}
select
    'deal' as what,
    opportunity_id as record_id,
    currency,
    coalesce(closed_on, created_on) as rate_needed_on
from {{ ref('fct_opportunities') }}
where amount_in_currency is not null and amount is null
union all
select
    'invoice line' as what,
    invoice_line_id as record_id,
    currency,
    issued_on as rate_needed_on
from {{ ref('fct_invoice_lines') }}
where net_amount_in_currency is not null and net_amount is null
union all
select
    'quota' as what,
    target_id as record_id,
    measure_id as currency,
    period_start as rate_needed_on
from {{ ref('fct_quotas') }}
where quota is null
union all
select
    'recurring revenue' as what,
    account_id as record_id,
    period_grain as currency,
    period_start as rate_needed_on
from {{ ref('fct_customer_periods') }}
where is_active_at_start and (mrr_at_start is null or mrr_at_end is null)
union all
select
    'target' as what,
    target_id as record_id,
    measure_id as currency,
    period_start as rate_needed_on
from {{ ref('fct_targets') }}
where target_value is null
