-- Everybody who buys anything buys once, in one month, and nobody is left from a month to the next
-- but those who neither bought nor were lost nor are still in it.
{{ config(meta={'dagster': {'ref': {'name': 'an_upsell_timing'}}}) }}
with months as (
    select * from {{ ref('an_upsell_timing') }}
),

expansions as (
    select * from {{ ref('fct_expansions') }}
    where is_won and is_of_customer
),

spells as (
    select * from {{ ref('fct_customer_spells') }}
    where spell_number = 1
),

bought as (
    select count(distinct expansions.account_id) as buyers
    from expansions
    inner join spells
        on expansions.account_id = spells.account_id
    where spells.lost_on is null or expansions.closed_on <= spells.lost_on
),

found as (
    select
        coalesce(sum(buyers), 0) as buyers,
        coalesce(sum(buyers_by_upsell + buyers_by_cross_sell), 0) as buyers_by_type
    from months
    where row_kind = 'all' and owned_bundle_id = 'all'
),

followed as (
    select
        months.*,
        lead(customers_reached) over (
            partition by row_kind, product_family, product_id, owned_bundle_id
            order by tenure_month
        ) as reached_next
    from months
)

select
    'buyers' as what,
    found.buyers as found,
    bought.buyers as expected
from found
cross join bought
where found.buyers <> bought.buyers or found.buyers_by_type <> bought.buyers
union all
select
    'more left than were there' as what,
    reached_next as found,
    customers_reached - buyers - customers_still_in_month as expected
from followed
where reached_next > customers_reached - buyers - customers_still_in_month
