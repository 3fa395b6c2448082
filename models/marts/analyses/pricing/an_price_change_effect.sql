-- Effect of a price change or a promotion: price and units before and after it, in windows of equal
-- length, and how strongly buyers reacted.
{%- set window = var('price_effect_days') %}
with list_prices as (
    select * from {{ ref('fct_list_prices') }}
),

promotions as (
    select * from {{ ref('dim_promotions') }}
    where not is_deleted and starts_on <= ends_on and starts_on <= {{ as_of_date() }}
),

lines as (
    select * from {{ ref('fct_invoice_lines') }}
    where net_amount is not null
),

products as (
    select * from {{ ref('dim_products') }}
),

sold_products as (
    select distinct product_id
    from lines
),

-- In the currency of the list: an exchange rate is no change of price.
listed as (
    select
        product_id,
        priced_on,
        list_price_in_currency,
        currency,
        lag(list_price_in_currency) over (
            partition by product_id
            order by priced_on
        ) as previous_list_price,
        lag(currency) over (
            partition by product_id
            order by priced_on
        ) as previous_currency
    from list_prices
),

events as (
    select
        'price_change' as event_kind,
        product_id || '/' || cast(priced_on as {{ dbt.type_string() }}) as event_id,
        cast('list_price' as {{ dbt.type_string() }}) as event_type,
        product_id,
        cast(null as {{ dbt.type_string() }}) as location_id,
        priced_on as changed_on,
        priced_on as ends_on,
        {{ window }} as window_days,
        previous_list_price,
        list_price_in_currency as list_price,
        currency
    from listed
    where currency = previous_currency and list_price_in_currency <> previous_list_price
    union all
    -- A promotion shorter than the window is compared with as many days before it.
    select
        'promotion' as event_kind,
        promotion_id as event_id,
        promotion_type as event_type,
        product_id,
        location_id,
        starts_on as changed_on,
        ends_on,
        least({{ window }}, {{ days_between('starts_on', 'ends_on') }} + 1) as window_days,
        cast(null as decimal(18, 4)) as previous_list_price,
        cast(null as decimal(18, 4)) as list_price,
        cast(null as {{ dbt.type_string() }}) as currency
    from promotions
),

windows as (
    select
        events.*,
        {{ add_days('changed_on', '-window_days') }} as before_start,
        {{ add_days('changed_on', 'window_days') }} as after_end
    from events
),

-- Two events that can have moved the same sales: neither effect can be told from the other.
disturbed as (
    select
        windows.event_kind,
        windows.event_id,
        count(case when others.event_kind = 'promotion' then 1 end) as other_promotions,
        count(case when others.event_kind = 'price_change' then 1 end) as other_price_changes
    from windows
    inner join events as others
        on
            (windows.event_kind <> others.event_kind or windows.event_id <> others.event_id)
            and coalesce(windows.product_id, others.product_id, '')
            = coalesce(others.product_id, windows.product_id, '')
            and coalesce(windows.location_id, others.location_id, '')
            = coalesce(others.location_id, windows.location_id, '')
            and windows.after_end > others.changed_on
            and windows.before_start <= others.ends_on
    group by windows.event_kind, windows.event_id
),

event_products as (
    select
        windows.*,
        sold_products.product_id as sold_product_id
    from windows
    inner join sold_products
        on coalesce(windows.product_id, sold_products.product_id) = sold_products.product_id
),

sold as (
    select
        {%- for side, first_day, end_day in [
            ('before', 'event_products.before_start', 'event_products.changed_on'),
            ('after', 'event_products.changed_on', 'event_products.after_end'),
        ] %}
        {%- set is_in = 'case when lines.issued_on >= ' ~ first_day
            ~ ' and lines.issued_on < ' ~ end_day ~ ' then' %}
        count({{ is_in }} 1 end) as lines_{{ side }},
        sum({{ is_in }} lines.quantity end) as units_{{ side }},
        sum({{ is_in }} lines.net_amount end) as revenue_{{ side }},
        {%- endfor %}
        event_products.event_kind,
        event_products.event_id
    from event_products
    inner join lines
        on
            event_products.sold_product_id = lines.product_id
            and coalesce(event_products.location_id, lines.location_id) = lines.location_id
            and event_products.before_start <= lines.issued_on
            and event_products.after_end > lines.issued_on
    group by event_products.event_kind, event_products.event_id
),

measured as (
    select
        windows.*,
        {%- for side in ['before', 'after'] %}
        {%- for measure in ['lines', 'units', 'revenue'] %}
        coalesce(sold.{{ measure }}_{{ side }}, 0) as {{ measure }}_{{ side }},
        {%- endfor %}
        {%- endfor %}
        coalesce(disturbed.other_promotions, 0) > 0 as has_promotion_overlap,
        coalesce(disturbed.other_price_changes, 0) > 0 as has_price_overlap,
        windows.after_end <= {{ add_days(as_of_date(), 1) }} as is_matured
    from windows
    left join sold
        on windows.event_kind = sold.event_kind and windows.event_id = sold.event_id
    left join disturbed
        on windows.event_kind = disturbed.event_kind and windows.event_id = disturbed.event_id
),

priced as (
    select
        measured.*,
        is_matured
        and least(lines_before, lines_after) >= {{ var('min_n') }}
        and units_before > 0 and units_after > 0 as is_comparable,
        {{ ratio('revenue_before', 'units_before') }} as price_before,
        {{ ratio('revenue_after', 'units_after') }} as price_after
    from measured
),

changed as (
    select
        priced.*,
        case
            when is_comparable and price_before > 0
                then round({{ ratio('price_after - price_before', 'price_before') }}, 9)
        end as price_change,
        case
            when is_comparable
                then round({{ ratio('units_after - units_before', 'units_before') }}, 9)
        end as units_change
    from priced
),

reacted as (
    select
        changed.*,
        case
            when abs(price_change) >= {{ var('price_change_min') }}
                then {{ ratio('units_change', 'price_change') }}
        end as elasticity
    from changed
)

select
    reacted.event_kind,
    reacted.event_id,
    reacted.event_type,
    coalesce(reacted.product_id, 'all') as product_id,
    products.product_name,
    coalesce(reacted.location_id, 'all') as location_id,
    reacted.changed_on,
    reacted.window_days,
    reacted.previous_list_price,
    reacted.list_price,
    reacted.currency,
    reacted.lines_before,
    reacted.lines_after,
    reacted.units_before,
    reacted.units_after,
    reacted.revenue_before,
    reacted.revenue_after,
    case when reacted.is_comparable then reacted.price_before end as price_before,
    case when reacted.is_comparable then reacted.price_after end as price_after,
    reacted.price_change,
    reacted.units_change,
    reacted.elasticity,
    reacted.has_promotion_overlap,
    reacted.has_price_overlap,
    reacted.is_matured,
    case
        when reacted.elasticity is null then null
        when reacted.has_promotion_overlap or reacted.has_price_overlap then null
        when reacted.elasticity <= -1 then 'elastic'
        when reacted.elasticity < 0 then 'inelastic'
        else 'other_cause'
    end as finding
from reacted
left join products
    on reacted.product_id = products.product_id
