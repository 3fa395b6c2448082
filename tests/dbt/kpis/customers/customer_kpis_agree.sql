-- Numbers that two KPIs share are the same number: customers won and lost, and net sales revenue.
{{ config(meta={'dagster': {'ref': {'name': 'acquired_to_lost_ratio'}}}) }}
{%- set sides = [
    ('acquired_to_lost_ratio', 'numerator', 'customers_acquired'),
    ('acquired_to_lost_ratio', 'denominator', 'customers_lost'),
    ('competitor_switch_share', 'denominator', 'customers_lost'),
    ('avg_revenue_per_account', 'numerator', 'net_sales_revenue'),
] %}
{%- for kpi_id, side, whole in sides %}
select
    '{{ kpi_id }}' as kpi_id,
    '{{ whole }}' as other_kpi_id,
    parts.period_grain,
    parts.period_start,
    parts.dimension_value,
    parts.{{ side }} as part,
    wholes.numerator as whole
from {{ ref(kpi_id) }} as parts
left join {{ ref(whole) }} as wholes
    on
        wholes.variant = 'headline'
        and parts.period_grain = wholes.period_grain
        and parts.period_start = wholes.period_start
        and parts.dimension = wholes.dimension
        and parts.dimension_value = wholes.dimension_value
where
    parts.variant = 'headline'
    and parts.dimension in ('all', 'segment')
    and parts.{{ side }} <> coalesce(wholes.numerator, 0)
{% if not loop.last %}union all{% endif %}
{%- endfor %}
