-- Cost and prices that could not be converted: no exchange rate within fx_stale_days of their date.
-- Cost would be missing from every sum, so nothing is published until the rate is there.
{{ config(meta={'dagster': {'ref': {'name': 'fct_expenses'}}}) }}
select
    'expense' as what,
    expense_id as record_id,
    expense_on as rate_needed_on
from {{ ref('fct_expenses') }}
where amount is null
union all
select
    'campaign budget' as what,
    campaign_id as record_id,
    start_on as rate_needed_on
from {{ ref('fct_campaigns') }}
where budget_amount_in_currency is not null and budget_amount is null
union all
select
    'campaign spend' as what,
    campaign_id as record_id,
    spend_on as rate_needed_on
from {{ ref('fct_campaign_spend') }}
where amount_in_currency is not null and amount is null
union all
select
    'deal product' as what,
    opportunity_id || '/' || product_id as record_id,
    coalesce(closed_on, created_on) as rate_needed_on
from {{ ref('fct_opportunity_products') }}
where discount_in_currency is not null and discount_amount is null
