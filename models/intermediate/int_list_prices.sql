-- List prices as intervals without overlap: a price holds in [valid_from, valid_to), at the longest
-- until the next one of the product begins. Only those that have begun by as_of_date.
with prices as (
    select * from {{ ref('product_price_history') }}
    where not is_deleted
),

followed as (
    select
        prices.*,
        lead(valid_from) over (partition by product_id order by valid_from) as next_valid_from
    from prices
),

bounded as (
    select
        product_id,
        list_price,
        currency,
        valid_from,
        least(
            coalesce(valid_to, cast('9999-12-31' as date)),
            coalesce(next_valid_from, cast('9999-12-31' as date))
        ) as valid_to
    from followed
)

select * from bounded
where valid_from < valid_to and valid_from <= {{ as_of_date() }}
