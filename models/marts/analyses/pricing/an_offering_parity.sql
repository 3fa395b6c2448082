-- Offering parity: what competitors offer and we do not, beside how often we win against them.
with offerings as (
    select * from {{ ref('fct_competitor_offerings') }}
    where is_current
),

competitors as (
    select * from {{ ref('dim_competitors') }}
    where not is_deleted
),

decided as (
    select * from {{ ref('competitor_win_rate') }}
    where
        variant = 'headline'
        and period_grain = 'month'
        and is_complete_period
        and dimension in ('all', 'competitor')
),

capabilities as (
    select
        capability_key,
        coalesce(max(case when is_own then capability end), min(capability)) as capability
    from offerings
    group by capability_key
),

matrix as (
    select
        capabilities.capability_key,
        capabilities.capability,
        competitors.competitor_id,
        competitors.competitor_name,
        own.is_offered as own_is_offered,
        own.observed_on as own_observed_on,
        theirs.is_offered as competitor_is_offered,
        theirs.observed_on as competitor_observed_on
    from capabilities
    cross join competitors
    left join offerings as own
        on capabilities.capability_key = own.capability_key and own.is_own
    left join offerings as theirs
        on
            capabilities.capability_key = theirs.capability_key
            and competitors.competitor_id = theirs.competitor_id
),

compared as (
    select
        matrix.*,
        case
            when own_is_offered is null or competitor_is_offered is null then null
            when competitor_is_offered and not own_is_offered then 1
            else 0
        end as gap
    from matrix
),

-- The last 12 complete months: a month of one competitor is too few deals.
win_rates as (
    select
        dimension,
        dimension_value,
        cast(sum(numerator) as bigint) as won_deals,
        cast(sum(denominator) as bigint) as decided_deals
    from decided
    where period_start >= {{ add_months(
        period_start(add_days(as_of_date(), 1), 'month'), -12
    ) }}
    group by dimension, dimension_value
)

select
    compared.capability_key,
    compared.capability,
    compared.competitor_id,
    compared.competitor_name,
    compared.own_is_offered,
    compared.own_observed_on,
    compared.competitor_is_offered,
    compared.competitor_observed_on,
    compared.gap,
    case
        when compared.gap is null then null
        when compared.gap = 1 then 'gap'
        when compared.own_is_offered and not compared.competitor_is_offered then 'advantage'
        when compared.own_is_offered then 'both_offer'
        else 'neither_offers'
    end as finding,
    cast(
        coalesce(sum(compared.gap) over (partition by compared.competitor_id), 0) as bigint
    ) as competitor_gaps,
    coalesce(against.won_deals, 0) as won_deals,
    coalesce(against.decided_deals, 0) as decided_deals,
    case
        when against.decided_deals >= {{ var('min_n') }}
            then {{ ratio('against.won_deals', 'against.decided_deals') }}
    end as competitor_win_rate,
    coalesce(overall.won_deals, 0) as all_won_deals,
    coalesce(overall.decided_deals, 0) as all_decided_deals,
    case
        when overall.decided_deals >= {{ var('min_n') }}
            then {{ ratio('overall.won_deals', 'overall.decided_deals') }}
    end as all_win_rate
from compared
left join win_rates as against
    on against.dimension = 'competitor' and compared.competitor_id = against.dimension_value
left join win_rates as overall
    on overall.dimension = 'all'
