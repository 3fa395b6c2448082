-- Collateral by type of customer: which kinds of collateral are looked at by which customers, and
-- which go together with more wins.
{%- set grains = ['quarter', 'year'] %}
with shares as (
    select * from {{ ref('fct_collateral_shares') }}
),

shared as (
    {{ in_periods('shares', 'first_shared_on', grains) }}
),

deals as (
    select * from {{ ref('fct_opportunities') }}
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

decided as (
    {{ in_periods('deals', 'closed_on', grains) }}
),

-- A deal with two pieces of one type used that type once.
used as (
    select distinct
        opportunity_id,
        collateral_type
    from {{ ref('fct_opportunity_collateral') }}
    where is_used_before_close
),

cells as (
    select
        period_grain,
        period_start,
        dimension_value as collateral_type,
        cast(denominator as bigint) as shares,
        cast(numerator as bigint) as engaged
    from {{ ref('collateral_engagement_rate') }}
    where variant = 'headline' and dimension = 'collateral_type'
),

engagement as (
    {%- for kind, column in [('segment', 'segment'), ('persona', 'buyer_persona')] %}
    select
        period_grain,
        period_start,
        collateral_type,
        '{{ kind }}' as customer_type_kind,
        {{ column }} as customer_type,
        count(*) as shares,
        count(case when is_engaged then 1 end) as engaged
    from shared
    group by period_grain, period_start, collateral_type, {{ column }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

decided_deals as (
    select
        period_grain,
        period_start,
        segment,
        count(*) as deals,
        count(case when is_won then 1 end) as won
    from decided
    group by period_grain, period_start, segment
),

-- Who bought is known of every deal by segment alone: a persona belongs to a person.
deals_with_use as (
    select
        decided.period_grain,
        decided.period_start,
        used.collateral_type,
        decided.segment,
        count(*) as deals,
        count(case when decided.is_won then 1 end) as won
    from decided
    inner join used
        on decided.opportunity_id = used.opportunity_id
    group by decided.period_grain, decided.period_start, used.collateral_type, decided.segment
),

combinations as (
    select
        period_grain,
        period_start,
        collateral_type,
        customer_type_kind,
        customer_type
    from engagement
    union
    select
        period_grain,
        period_start,
        collateral_type,
        'segment' as customer_type_kind,
        segment as customer_type
    from deals_with_use
),

counted as (
    select
        combinations.*,
        coalesce(engagement.shares, 0) as shares,
        coalesce(engagement.engaged, 0) as engaged,
        coalesce(cells.shares, 0) as all_shares,
        coalesce(cells.engaged, 0) as all_engaged,
        case
            when combinations.customer_type_kind = 'segment' then coalesce(deals_with_use.deals, 0)
        end as deals_with,
        case
            when combinations.customer_type_kind = 'segment' then coalesce(deals_with_use.won, 0)
        end as won_with,
        case
            when combinations.customer_type_kind = 'segment'
                then coalesce(decided_deals.deals, 0) - coalesce(deals_with_use.deals, 0)
        end as deals_without,
        case
            when combinations.customer_type_kind = 'segment'
                then coalesce(decided_deals.won, 0) - coalesce(deals_with_use.won, 0)
        end as won_without
    from combinations
    left join engagement
        on
            combinations.period_grain = engagement.period_grain
            and combinations.period_start = engagement.period_start
            and combinations.collateral_type = engagement.collateral_type
            and combinations.customer_type_kind = engagement.customer_type_kind
            and combinations.customer_type = engagement.customer_type
    left join deals_with_use
        on
            combinations.period_grain = deals_with_use.period_grain
            and combinations.period_start = deals_with_use.period_start
            and combinations.collateral_type = deals_with_use.collateral_type
            and combinations.customer_type = deals_with_use.segment
    left join decided_deals
        on
            combinations.period_grain = decided_deals.period_grain
            and combinations.period_start = decided_deals.period_start
            and combinations.customer_type = decided_deals.segment
    left join cells
        on
            combinations.period_grain = cells.period_grain
            and combinations.period_start = cells.period_start
            and combinations.collateral_type = cells.collateral_type
),

rated as (
    select
        counted.*,
        case
            when shares >= {{ var('min_n') }} then {{ ratio('engaged', 'shares') }}
        end as engagement_rate,
        case
            when all_shares >= {{ var('min_n') }} then {{ ratio('all_engaged', 'all_shares') }}
        end as all_engagement_rate,
        case
            when deals_with >= {{ var('min_n') }} then {{ ratio('won_with', 'deals_with') }}
        end as win_rate_with,
        case
            when deals_without >= {{ var('min_n') }}
                then {{ ratio('won_without', 'deals_without') }}
        end as win_rate_without,
        {{ two_proportion_z('won_with', 'deals_with', 'won_without', 'deals_without') }}
            as z_score
    from counted
)

select
    period_grain,
    period_start,
    collateral_type,
    customer_type_kind,
    customer_type,
    shares,
    engaged,
    engagement_rate,
    all_shares,
    all_engaged,
    all_engagement_rate,
    case
        when shares >= {{ var('min_n') }}
            then {{ ratio('engaged * all_shares', 'shares * all_engaged') }}
    end as engagement_index,
    deals_with,
    won_with,
    win_rate_with,
    deals_without,
    won_without,
    win_rate_without,
    win_rate_with - win_rate_without as win_rate_lift,
    case
        when win_rate_with is not null and win_rate_without is not null
            then round(2 * ({{ normal_cdf('-abs(z_score)') }}), 6)
    end as win_rate_p_value,
    case period_grain
        {%- for grain in grains %}
        when '{{ grain }}'
            then {{ period_end('period_start', grain) }} <= {{ add_days(as_of_date(), 1) }}
        {%- endfor %}
    end as is_complete_period
from rated
