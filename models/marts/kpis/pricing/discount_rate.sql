-- Average discount rate: which share of the list price was given away on what was sold.
with lines as (
    select * from {{ ref('fct_invoice_lines') }}
    where list_amount is not null and net_amount is not null
),

deal_lines as (
    select * from {{ ref('fct_opportunity_products') }}
    where outcome = 'won' and opportunity_type <> 'renewal' and list_amount is not null
),

records as (
    select
        'headline' as variant,
        invoice_line_id as record_id,
        issued_on as occurred_on,
        list_amount - net_amount as numerator,
        list_amount as denominator,
        rep_id as rep,
        team_id as team,
        product_id as product,
        product_family,
        location_id as location,
        promotion_type,
        segment
    from lines
    union all
    -- What was agreed on in the deals won, before any invoice.
    select
        'deals' as variant,
        opportunity_id || '/' || product_id as record_id,
        closed_on as occurred_on,
        discount_amount as numerator,
        list_amount as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        product_id as product,
        product_family,
        null as location,
        null as promotion_type,
        segment
    from deal_lines
)

{{ kpi(
    'discount_rate',
    kind='ratio',
    time_basis='event',
    dimensions=[
        'rep', 'team', 'product', 'product_family', 'location', 'promotion_type', 'segment'
    ],
    variants={'headline': {}, 'deals': {}},
    grains=month_grains(),
) }}
