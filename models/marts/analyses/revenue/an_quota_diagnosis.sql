-- Quota too high or too low: how many reps of a team reach their quota, and by how much.
{%- set measures = {
    'headline': 'bookings_amount',
    'deals_won': 'deals_won',
    'net_sales_revenue': 'net_sales_revenue',
} %}
with attainments as (
    select * from {{ ref('quota_attainment') }}
    where
        variant in ('{{ measures | join("', '") }}') -- noqa: LT05
        and dimension = 'rep'
        and denominator > 0
),

quotas as (
    select
        fct_quotas.*,
        case measure_id
            {%- for variant, measure in measures.items() %}
            when '{{ measure }}' then '{{ variant }}'
            {%- endfor %}
        end as variant
    from {{ ref('fct_quotas') }} as fct_quotas
),

reps as (
    select * from {{ ref('dim_reps') }}
),

onboardings as (
    select * from {{ ref('fct_rep_onboardings') }}
),

teams as (
    select * from {{ ref('dim_teams') }}
),

-- Periods that began before an onboarding was over.
ramping as (
    select distinct quotas.target_id
    from quotas
    inner join onboardings
        on
            quotas.rep_id = onboardings.rep_id
            and quotas.period_end > onboardings.started_on
    where onboardings.completed_on is null or onboardings.completed_on > quotas.period_start
),

rep_periods as (
    select
        quotas.measure_id,
        quotas.period_grain,
        quotas.period_start,
        quotas.period_end,
        quotas.team_id,
        attainments.numerator as achieved,
        attainments.denominator as quota,
        attainments.kpi_value as attainment,
        ramping.target_id is not null as is_ramping,
        -- Who left after as_of_date had not left yet.
        coalesce(reps.hired_on <= quotas.period_start, false)
        and (
            reps.terminated_on is null
            or reps.terminated_on >= quotas.period_end
            or reps.terminated_on > {{ as_of_date() }}
        ) as is_whole_period
    from attainments
    inner join quotas
        on
            attainments.variant = quotas.variant
            and attainments.period_grain = quotas.period_grain
            and attainments.period_start = quotas.period_start
            and attainments.dimension_value = quotas.rep_id
    left join reps
        on quotas.rep_id = reps.rep_id
    left join ramping
        on quotas.target_id = ramping.target_id
),

both_views as (
    {%- for team in ["'all'", 'team_id'] %}
    select
        measure_id,
        period_grain,
        period_start,
        period_end,
        {{ team }} as team,
        achieved,
        quota,
        attainment,
        is_whole_period and is_ramping as is_ramping,
        is_whole_period,
        is_whole_period and not is_ramping as is_judged
    from rep_periods
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

counted as (
    select
        measure_id,
        period_grain,
        period_start,
        period_end,
        team,
        count(*) as reps_with_quota,
        count(case when not is_whole_period then 1 end) as part_period_reps,
        count(case when is_ramping then 1 end) as ramping_reps,
        count(case when is_judged then 1 end) as judged_reps,
        count(case when is_judged and attainment >= 1 then 1 end) as reps_at_quota,
        {%- for name, share in [('p25', 0.25), ('median', 0.5), ('p75', 0.75)] %}
        round(
            percentile_cont({{ share }}) within group (
                order by case when is_judged then attainment end
            ), 6
        ) as {{ name }}_attainment,
        {%- endfor %}
        coalesce(sum(case when is_judged then achieved end), 0) as achieved,
        coalesce(sum(case when is_judged then quota end), 0) as quota
    from both_views
    group by measure_id, period_grain, period_start, period_end, team
),

rated as (
    select
        counted.*,
        period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period,
        judged_reps >= {{ var('min_n') }} as is_enough,
        {{ ratio('reps_at_quota', 'judged_reps') }} as reps_at_quota_share
    from counted
)

select
    rated.measure_id,
    rated.period_grain,
    rated.period_start,
    rated.team as team_id,
    teams.team_name,
    rated.reps_with_quota,
    rated.part_period_reps,
    rated.ramping_reps,
    rated.judged_reps,
    rated.reps_at_quota,
    case when rated.is_enough then rated.reps_at_quota_share end as reps_at_quota_share,
    rated.achieved,
    rated.quota,
    {{ ratio('rated.achieved', 'rated.quota') }} as attainment,
    case when rated.is_enough then rated.p25_attainment end as p25_attainment,
    case when rated.is_enough then rated.median_attainment end as median_attainment,
    case when rated.is_enough then rated.p75_attainment end as p75_attainment,
    case when rated.is_enough then round(rated.p75_attainment - rated.p25_attainment, 6) end
        as spread,
    rated.is_complete_period,
    case
        when not rated.is_complete_period or rated.judged_reps < {{ var('quota_min_reps') }}
            then null
        when
            rated.reps_at_quota_share >= {{ var('quota_share_high') }}
            and rated.median_attainment >= {{ var('quota_median_high') }}
            then 'too_low'
        when
            rated.reps_at_quota_share <= {{ var('quota_share_low') }}
            and rated.median_attainment < {{ var('quota_median_low') }}
            then 'too_high'
        else 'fair'
    end as verdict
from rated
left join teams
    on rated.team = teams.team_id
