-- What units were sold for in all is the net sales revenue. A row is a period or location in which
-- it is not.
{{ config(meta={'dagster': {'ref': {'name': 'avg_retail_price'}}}) }}
select
    prices.period_grain,
    prices.period_start,
    prices.dimension,
    prices.dimension_value,
    prices.numerator,
    revenue.numerator as revenue
from {{ ref('avg_retail_price') }} as prices
left join {{ ref('net_sales_revenue') }} as revenue
    on
        prices.period_grain = revenue.period_grain
        and prices.period_start = revenue.period_start
        and prices.dimension = revenue.dimension
        and prices.dimension_value = revenue.dimension_value
        and revenue.variant = 'headline'
where
    prices.variant = 'headline'
    and prices.dimension in ('all', 'location', 'product')
    and prices.numerator is distinct from revenue.numerator
