-- One row per line of an invoice or credit note that counts. Credit notes are negative rows on
-- their own date; restated_on moves them to the date of the invoice they correct.
with lines as (
    select * from {{ ref('invoice_lines') }}
    where not is_deleted
),

invoices as (
    select * from {{ ref('int_invoices') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

products as (
    select * from {{ ref('products') }}
),

locations as (
    select * from {{ ref('locations') }}
),

promotions as (
    select * from {{ ref('promotions') }}
)

select
    lines.invoice_line_id,
    lines.invoice_id,
    invoices.document_type,
    invoices.account_id,
    lines.product_id,
    coalesce(products.product_family, 'unassigned') as product_family,
    invoices.location_id,
    coalesce(locations.location_kind, 'unassigned') as location_kind,
    coalesce(locations.region, 'unassigned') as location_region,
    invoices.rep_id,
    coalesce(assignments.team_id, 'unassigned') as team_id,
    coalesce(assignments.territory_id, 'unassigned') as territory_id,
    coalesce(assignments.region, 'unassigned') as region,
    coalesce(accounts.segment, 'unassigned') as segment,
    coalesce(accounts.vertical, 'unassigned') as vertical,
    coalesce(opportunities.source_channel, 'unassigned') as source_channel,
    coalesce(opportunities.campaign_id, 'unassigned') as campaign_id,
    lines.promotion_id,
    coalesce(promotions.promotion_type, 'unassigned') as promotion_type,
    invoices.issued_on,
    {{ local_date(
        'invoices.issued_at',
        "coalesce(locations.time_zone, '" ~ var('reporting_time_zone') ~ "')"
    ) }} as local_issued_on,
    case
        when invoices.document_type = 'credit_note'
            then coalesce(originals.issued_on, invoices.issued_on)
        else invoices.issued_on
    end as restated_on,
    lines.quantity,
    lines.net_amount as net_amount_in_currency,
    invoices.currency,
    {{ convert('lines.net_amount', 'invoices.currency', 'invoices.rate') }} as net_amount,
    {{ convert('lines.cost_amount', 'invoices.currency', 'invoices.rate') }} as cost_amount,
    lines.list_unit_price as list_unit_price_in_currency,
    {{ convert(
        product_of('lines.quantity', 'lines.list_unit_price'),
        'invoices.currency',
        'invoices.rate'
    ) }} as list_amount
from lines
inner join invoices
    on lines.invoice_id = invoices.invoice_id
left join invoices as originals
    on invoices.original_invoice_id = originals.invoice_id
left join accounts
    on invoices.account_id = accounts.account_id
left join opportunities
    on invoices.opportunity_id = opportunities.opportunity_id
left join assignments
    on
        invoices.rep_id = assignments.rep_id
        and invoices.issued_on >= assignments.valid_from
        and invoices.issued_on < assignments.valid_to
left join products
    on lines.product_id = products.product_id
left join locations
    on invoices.location_id = locations.location_id
left join promotions
    on lines.promotion_id = promotions.promotion_id
