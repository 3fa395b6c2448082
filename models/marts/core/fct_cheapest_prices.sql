-- One row per product and time in which one competitor's fresh price was the cheapest: over all
-- regions, and in each.
with gaps as (
    select * from {{ ref('int_price_gaps') }}
),

products as (
    select * from {{ ref('products') }}
),

scoped as (
    select
        'all_regions' as scope,
        'all' as region,
        product_id,
        competitor_id,
        own_price,
        competitor_price,
        entered_on,
        left_on
    from gaps
    union all
    select
        'region' as scope,
        region,
        product_id,
        competitor_id,
        own_price,
        competitor_price,
        entered_on,
        left_on
    from gaps
),

-- Nothing changes between two days on which a comparison begins or ends.
edges as (
    select
        scope,
        region,
        product_id,
        entered_on as starts_on
    from scoped
    union
    select
        scope,
        region,
        product_id,
        left_on as starts_on
    from scoped
),

spans as (
    select
        edges.*,
        lead(starts_on) over (partition by scope, region, product_id order by starts_on) as ends_on
    from edges
),

ranked as (
    select
        spans.scope,
        spans.region,
        spans.product_id,
        spans.starts_on,
        spans.ends_on,
        scoped.competitor_id,
        scoped.own_price,
        scoped.competitor_price,
        row_number() over (
            partition by spans.scope, spans.region, spans.product_id, spans.starts_on
            order by scoped.competitor_price, scoped.competitor_id, scoped.own_price
        ) as position
    from spans
    inner join scoped
        on
            spans.scope = scoped.scope
            and spans.region = scoped.region
            and spans.product_id = scoped.product_id
            and spans.starts_on >= scoped.entered_on
            and spans.starts_on < scoped.left_on
    where spans.starts_on <= {{ as_of_date() }}
)

select
    ranked.scope,
    ranked.region,
    ranked.product_id,
    coalesce(products.product_family, 'unassigned') as product_family,
    ranked.starts_on as entered_on,
    ranked.ends_on as left_on,
    ranked.competitor_id,
    ranked.own_price,
    ranked.competitor_price as cheapest_price,
    abs(ranked.own_price - ranked.competitor_price)
    <= {{ var('price_match_tolerance') }} * ranked.competitor_price as is_within_tolerance
from ranked
left join products
    on ranked.product_id = products.product_id
where ranked.position = 1
