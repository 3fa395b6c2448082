-- Sales volume by location: what each store, online shop and field area sold, by the days of the
-- location itself. A store's day is not always the company's.
{%- set dimensions = ['location', 'location_kind', 'region', 'product'] %}
{%- set readings = [
    ('headline', 'local_issued_on', 'net_amount'),
    ('units', 'local_issued_on', 'quantity'),
    ('orders', 'local_issued_on', '1'),
    ('share', 'local_issued_on', 'net_amount'),
    ('reporting_zone', 'issued_on', 'net_amount'),
] %}
with lines as (
    select * from {{ ref('fct_invoice_lines') }}
),

-- An order is an invoice, however many lines it has; a credit note is none.
records as (
    {%- for variant, day, measure in readings %}
    select
        '{{ variant }}' as variant,
        {{ 'invoice_id' if variant == 'orders' else 'invoice_line_id' }} as record_id,
        {{ day }} as occurred_on,
        {{ measure }} as numerator,
        {{ 'net_amount' if variant == 'share' else '1' }} as denominator,
        location_id as location,
        location_kind,
        location_region as region,
        product_id as product
    from lines
    {%- if variant == 'orders' %}
    where document_type = 'invoice'
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{% call kpi(
    'sales_volume_by_location',
    kind='sum',
    grains=month_grains(),
    dimensions=dimensions,
    variants={
        'headline': {},
        'units': {},
        'orders': {'distinct': true},
        'reporting_zone': {},
        'share': {'kind': 'ratio', 'of_total': dimensions, 'positive_only': true},
        'demand_rank': {'is_derived': true},
    },
) %}
    -- Rank 1 is the location that sold most in the period.
    select
        'demand_rank' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        dense_rank() over (
            partition by period_grain, period_start
            order by numerator desc nulls last
        ) as numerator,
        cast(null as decimal(38, 6)) as denominator,
        sample_size
    from cells
    where variant = 'headline' and dimension = 'location'
{% endcall %}
