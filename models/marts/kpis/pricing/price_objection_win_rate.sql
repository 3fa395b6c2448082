-- Win rate after a price objection: of the deals decided in a period in which the customer found
-- the price too high, the share that was won all the same.
with decided as (
    select * from {{ ref('fct_opportunities') }}
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

objections as (
    select
        opportunity_id,
        min(occurred_at) as objected_at
    from {{ ref('fct_activities') }}
    where lower(objection_type) = 'price'
    group by opportunity_id
),

-- Whether a deal brought what its products cost by the list, where the list price is known.
prices as (
    select
        opportunity_id,
        sum(discount_in_currency) <= 0 as is_at_list_price
    from {{ ref('fct_opportunity_products') }}
    where discount_in_currency is not null
    group by opportunity_id
),

objected as (
    select
        decided.*,
        prices.is_at_list_price
    from decided
    inner join objections
        on
            decided.opportunity_id = objections.opportunity_id
            and decided.closed_at >= objections.objected_at
    left join prices
        on decided.opportunity_id = prices.opportunity_id
),

records as (
    select
        'headline' as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        is_won as numerator,
        true as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        segment
    from objected
    union all
    select
        'without_discount' as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        is_won and is_at_list_price as numerator,
        true as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        segment
    from objected
    where is_at_list_price is not null
)

{{ kpi(
    'price_objection_win_rate',
    kind='rate',
    time_basis='event',
    dimensions=['rep', 'team', 'segment'],
    variants={'headline': {}, 'without_discount': {}},
    grains=month_grains(),
) }}
