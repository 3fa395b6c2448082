-- Share of reps at quota: of the reps with a quota for a period, those who reached it.
{%- set measures = {
    'bookings_amount': 'headline', 'deals_won': 'deals_won', 'net_sales_revenue': 'net_sales_revenue'
} %}
{%- set grains = kpi_grains(['week', 'month', 'quarter', 'year']) %}
with attainments as (
    select * from {{ ref('quota_attainment') }}
    where dimension = 'rep' and denominator > 0
),

quotas as (
    select
        fct_quotas.*,
        case measure_id
            {%- for measure, variant in measures.items() %}
            when '{{ measure }}' then '{{ variant }}'
            {%- endfor %}
        end as variant
    from {{ ref('fct_quotas') }} as fct_quotas
),

reps as (
    select * from {{ ref('dim_reps') }}
),

records as (
    select
        quotas.variant,
        quotas.rep_id as record_id,
        quotas.period_grain,
        quotas.period_start,
        attainments.kpi_value >= 1 as numerator,
        true as denominator,
        quotas.team_id as team,
        quotas.territory_id as territory,
        quotas.role
    from attainments
    inner join quotas
        on
            attainments.variant = quotas.variant
            and attainments.period_grain = quotas.period_grain
            and attainments.period_start = quotas.period_start
            and attainments.dimension_value = quotas.rep_id
    {%- if not var('include_leavers') %}
    left join reps
        on quotas.rep_id = reps.rep_id
    -- Who left within the period had no chance of all of it.
    where
        reps.terminated_on is null
        or reps.terminated_on >= quotas.period_end
        or reps.terminated_on > {{ as_of_date() }}
    {%- endif %}
)

{{ kpi(
    'reps_at_quota_pct',
    kind='rate',
    by_period=true,
    grains=grains,
    dimensions=['team', 'territory', 'role'],
    variants={'headline': {}, 'deals_won': {}, 'net_sales_revenue': {}},
) }}
