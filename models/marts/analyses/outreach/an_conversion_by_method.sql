-- Outreach methods compared: which way of approaching prospects makes the most customers of them.
with cells as (
    select * from {{ ref('conversion_rate_by_outreach_method') }}
    where period_grain = 'quarter'
),

methods as (
    select
        period_start,
        case variant
            when 'headline' then 'first'
            when 'majority_type' then 'majority'
            when 'any_type' then 'any'
        end as method_rule,
        dimension_value as method,
        cast(denominator as bigint) as prospects,
        cast(numerator as bigint) as converted,
        ci_low,
        ci_high,
        is_complete_period,
        is_matured
    from cells
    where dimension = 'method'
),

-- Everybody once, whatever way was used.
overall as (
    select
        period_start,
        cast(denominator as bigint) as prospects,
        cast(numerator as bigint) as converted
    from cells
    where variant = 'headline' and dimension = 'all'
),

compared as (
    select
        methods.*,
        overall.prospects as all_prospects,
        overall.converted as all_converted,
        methods.prospects >= {{ var('min_n') }} as is_enough,
        {{ ratio('overall.converted', 'overall.prospects') }} as all_rate
    from methods
    inner join overall
        on methods.period_start = overall.period_start
)

select
    'quarter' as period_grain,
    period_start,
    method_rule,
    method,
    prospects,
    converted,
    case when is_enough then {{ ratio('converted', 'prospects') }} end as conversion_rate,
    case when is_enough then ci_low end as ci_low,
    case when is_enough then ci_high end as ci_high,
    all_prospects,
    all_converted,
    case when all_prospects >= {{ var('min_n') }} then all_rate end as all_conversion_rate,
    case
        when is_enough
            then {{ ratio('converted * all_prospects', 'prospects * all_converted') }}
    end as lift,
    -- Beyond its interval the overall rate is hardly an accident. A young cohort says nothing.
    case
        when not is_enough or not is_matured then null
        when ci_low > all_rate then 'better'
        when ci_high < all_rate then 'worse'
        else 'no_difference'
    end as verdict,
    is_complete_period,
    is_matured
from compared
