-- One row per product, competitor and region and time in which both our list price and a fresh
-- price of the competitor are known: [entered_on, left_on). A new one begins where either changes.
with observations as (
    select * from {{ ref('competitor_prices') }}
    where
        not is_deleted
        and observed_on <= {{ as_of_date() }}
        -- What a price with an unknown tax in it is worth cannot be said.
        and (not coalesce(tax_included, false) or tax_rate is not null)
),

list_prices as (
    select * from {{ ref('int_list_prices') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

placed as (
    select
        observations.*,
        coalesce(nullif(region, ''), 'unassigned') as place
    from observations
),

-- A later observation replaces the earlier, and each goes stale.
observed as (
    select
        product_id,
        competitor_id,
        place as region,
        currency,
        price * case when tax_included then {{ ratio(1, '1 + tax_rate') }} else 1 end as net_price,
        observed_on,
        least(
            {{ add_days('observed_on', var('price_stale_days') + 1) }},
            coalesce(
                lead(observed_on) over (
                    partition by product_id, competitor_id, place
                    order by observed_on
                ),
                cast('9999-12-31' as date)
            )
        ) as fresh_to
    from placed
),

competitor_prices as (
    select
        observed.*,
        {{ convert('observed.net_price', 'observed.currency', 'exchange_rates.rate', digits=4) }}
            as competitor_price
    from observed
    left join exchange_rates
        on
            observed.currency = exchange_rates.currency
            and observed.observed_on = exchange_rates.valid_on
),

matched as (
    select
        competitor_prices.product_id,
        competitor_prices.competitor_id,
        competitor_prices.region,
        competitor_prices.observed_on,
        competitor_prices.competitor_price,
        list_prices.list_price,
        list_prices.currency,
        greatest(competitor_prices.observed_on, list_prices.valid_from) as entered_on,
        least(competitor_prices.fresh_to, list_prices.valid_to) as left_on
    from competitor_prices
    inner join list_prices
        on
            competitor_prices.product_id = list_prices.product_id
            and competitor_prices.observed_on < list_prices.valid_to
            and competitor_prices.fresh_to > list_prices.valid_from
    where competitor_prices.competitor_price <> 0
),

priced as (
    select
        matched.product_id,
        matched.competitor_id,
        matched.region,
        matched.entered_on,
        matched.left_on,
        matched.observed_on,
        {{ convert('matched.list_price', 'matched.currency', 'exchange_rates.rate', digits=4) }}
            as own_price,
        matched.competitor_price
    from matched
    left join exchange_rates
        on
            matched.currency = exchange_rates.currency
            and matched.entered_on = exchange_rates.valid_on
    where matched.entered_on <= {{ as_of_date() }}
)

select * from priced
where own_price is not null
