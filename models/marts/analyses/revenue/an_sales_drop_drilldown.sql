-- Why a rep's monthly sales fell: fewer deals or smaller ones, and in which products and segments.
{%- set kinds = ['total', 'product_family', 'segment'] %}
with months as (
    select * from {{ ref('fct_rep_months') }}
    where is_complete_month
),

reps as (
    select * from {{ ref('dim_reps') }}
),

totals as (
    select
        dimension_value as rep_id,
        period_start as month_start,
        denominator as deals,
        numerator as bookings
    from {{ ref('avg_deal_size') }}
    where variant = 'headline' and period_grain = 'month' and dimension = 'rep'
),

deals as (
    select
        opportunity_id,
        owner_rep_id as rep_id,
        {{ period_start('closed_on', 'month') }} as month_start,
        segment,
        amount
    from {{ ref('fct_opportunities') }}
    where is_won and opportunity_type <> 'renewal' and amount is not null
),

product_lines as (
    select * from {{ ref('fct_opportunity_products') }}
    where amount is not null
),

-- What stands on a deal and on none of its products, or the other way round, has no family.
deal_families as (
    select
        opportunity_id,
        product_family,
        sum(amount) as amount
    from product_lines
    group by opportunity_id, product_family
),

itemised as (
    select
        opportunity_id,
        sum(amount) as amount
    from product_lines
    group by opportunity_id
),

parts as (
    select
        deals.rep_id,
        deals.month_start,
        'product_family' as row_kind,
        deal_families.product_family as member,
        1 as deals,
        deal_families.amount
    from deals
    inner join deal_families
        on deals.opportunity_id = deal_families.opportunity_id
    union all
    select
        deals.rep_id,
        deals.month_start,
        'product_family' as row_kind,
        'not itemised' as member,
        1 as deals,
        deals.amount - coalesce(itemised.amount, 0) as amount
    from deals
    left join itemised
        on deals.opportunity_id = itemised.opportunity_id
    where deals.amount <> coalesce(itemised.amount, 0)
    union all
    select
        rep_id,
        month_start,
        'segment' as row_kind,
        segment as member,
        1 as deals,
        amount
    from deals
),

sold as (
    select
        rep_id,
        month_start,
        'total' as row_kind,
        'all' as member,
        deals,
        bookings
    from totals
    union all
    select
        rep_id,
        month_start,
        row_kind,
        member,
        sum(deals) as deals,
        sum(amount) as bookings
    from parts
    group by rep_id, month_start, row_kind, member
),

-- What was sold in a month stands in its own row and in that of the month after.
both_months as (
    select
        rep_id,
        month_start,
        row_kind,
        member,
        deals,
        bookings,
        0 as previous_deals,
        0 as previous_bookings
    from sold
    union all
    select
        rep_id,
        {{ add_months('month_start', 1) }} as month_start,
        row_kind,
        member,
        0 as deals,
        0 as bookings,
        deals as previous_deals,
        bookings as previous_bookings
    from sold
),

compared as (
    select
        rep_id,
        month_start,
        row_kind,
        member,
        cast(sum(deals) as bigint) as deals,
        cast(sum(previous_deals) as bigint) as previous_deals,
        cast(sum(bookings) as decimal(18, 2)) as bookings,
        cast(sum(previous_bookings) as decimal(18, 2)) as previous_bookings
    from both_months
    group by rep_id, month_start, row_kind, member
),

-- Deals more or fewer at the size of the month before; without deals before, all of it is volume.
-- What is left is size, so that the two add up to the cent.
split as (
    select
        compared.*,
        bookings - previous_bookings as change,
        cast(
            case
                when previous_deals = 0 then bookings
                else {{ ratio(
                    '(deals - previous_deals) * previous_bookings', 'previous_deals'
                ) }}
            end as decimal(18, 2)
        ) as volume_effect
    from compared
),

explained as (
    select
        split.*,
        change - volume_effect as size_effect
    from split
)

select
    explained.row_kind,
    explained.rep_id,
    reps.full_name,
    months.team_id,
    months.role,
    cast('month' as {{ dbt.type_string() }}) as period_grain,
    explained.month_start as period_start,
    explained.member,
    explained.deals,
    explained.previous_deals,
    explained.bookings,
    explained.previous_bookings,
    {{ ratio('explained.bookings', 'explained.deals') }} as avg_deal_size,
    {{ ratio('explained.previous_bookings', 'explained.previous_deals') }}
        as previous_avg_deal_size,
    explained.change,
    explained.volume_effect,
    explained.size_effect,
    case
        when explained.change >= 0 then null
        when explained.volume_effect <= explained.size_effect then 'fewer_deals'
        else 'smaller_deals'
    end as finding,
    months.is_whole_month_as_before as is_comparable
from explained
inner join months
    on
        explained.rep_id = months.rep_id
        and explained.month_start = months.month_start
left join reps
    on explained.rep_id = reps.rep_id
