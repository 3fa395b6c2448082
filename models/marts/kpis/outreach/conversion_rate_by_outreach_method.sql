-- Conversion rate by outreach method: of the prospects approached in one way, the share that
-- bought.
{%- set horizon = {'days': var('conversion_horizon_days')} %}
with prospects as (
    select * from {{ ref('fct_prospects') }}
    where not was_customer
),

methods as (
    select * from {{ ref('fct_prospect_methods') }}
),

used as (
    select
        prospects.person_id,
        prospects.first_touched_on,
        prospects.is_converted,
        prospects.rep_id,
        methods.method,
        methods.is_majority_method
    from prospects
    inner join methods
        on prospects.person_id = methods.person_id
),

records as (
    select
        'headline' as variant,
        person_id as record_id,
        first_touched_on as occurred_on,
        is_converted as numerator,
        true as denominator,
        method,
        rep_id as rep
    from prospects
    union all
    select
        'majority_type' as variant,
        person_id as record_id,
        first_touched_on as occurred_on,
        is_converted as numerator,
        true as denominator,
        method,
        rep_id as rep
    from used
    where is_majority_method
    union all
    -- Every way that was used: members overlap.
    select
        'any_type' as variant,
        person_id as record_id,
        first_touched_on as occurred_on,
        is_converted as numerator,
        true as denominator,
        method,
        rep_id as rep
    from used
)

{{ kpi(
    'conversion_rate_by_outreach_method',
    kind='rate',
    time_basis='cohort',
    grains=month_grains(),
    dimensions=['method', 'rep'],
    matures_after=horizon,
    variants={'headline': {}, 'majority_type': {}, 'any_type': {'distinct': true}},
) }}
