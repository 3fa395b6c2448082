-- Gross profit margin: what is left of net sales revenue after the cost of what was sold.
with lines as (
    select * from {{ ref('fct_invoice_lines') }}
),

-- An unknown cost is not zero: such a line is on neither side, and `cost_known` counts it.
records as (
    select
        'headline' as variant,
        invoice_line_id as record_id,
        issued_on as occurred_on,
        net_amount - cost_amount as numerator,
        net_amount as denominator,
        product_id as product,
        product_family,
        rep_id as rep,
        team_id as team,
        location_id as location,
        source_channel as channel,
        segment
    from lines
    where cost_amount is not null
    union all
    select
        'cost_known' as variant,
        invoice_line_id as record_id,
        issued_on as occurred_on,
        case when cost_amount is not null then 1 else 0 end as numerator,
        1 as denominator,
        product_id as product,
        product_family,
        rep_id as rep,
        team_id as team,
        location_id as location,
        source_channel as channel,
        segment
    from lines
)

{{ kpi(
    'gross_margin_pct',
    kind='ratio',
    grains=month_grains(),
    dimensions=['product', 'product_family', 'rep', 'team', 'location', 'channel', 'segment'],
    variants={
        'headline': {'positive_only': true},
        'cost_known': {'kind': 'rate'},
    },
) }}
