-- Average order value: what an order is worth, less what was credited in the same period.
with documents as (
    select * from {{ ref('fct_invoices') }}
),

-- A credit note takes from the revenue of its own day and is no order.
records as (
    select
        invoice_id as record_id,
        issued_on as occurred_on,
        net_amount as numerator,
        document_type = 'invoice' as denominator,
        rep_id as rep,
        team_id as team,
        location_id as location,
        source_channel as channel,
        segment,
        campaign_id as campaign
    from documents
)

{{ kpi(
    'avg_order_value',
    kind='ratio',
    dimensions=['rep', 'team', 'location', 'channel', 'segment', 'campaign'],
) }}
