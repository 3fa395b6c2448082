-- Rep onboarding time: how long new employees take to be onboarded, to win their first deal and to
-- reach a quota for the first time.
{%- set grains = kpi_grains(['month', 'quarter']) %}
with onboardings as (
    select * from {{ ref('fct_rep_onboardings') }}
    where onboarding_days is not null and not has_left_before
),

reps as (
    select * from {{ ref('dim_reps') }}
    where not is_deleted
),

assignments as (
    select * from {{ ref('dim_rep_assignments') }}
),

wins as (
    select
        reps.rep_id,
        opportunities.closed_on as reached_on,
        {{ days_between('reps.hired_on', 'opportunities.closed_on') }} as ramp_days,
        row_number() over (
            partition by reps.rep_id
            order by opportunities.closed_at, opportunities.opportunity_id
        ) as position
    from {{ ref('fct_opportunities') }} as opportunities
    inner join reps
        on opportunities.owner_rep_id = reps.rep_id
    where
        opportunities.is_won
        and opportunities.opportunity_type <> 'renewal'
        and opportunities.closed_on >= reps.hired_on
),

quota_periods as (
    select
        dimension_value as rep_id,
        period_grain,
        case period_grain
            {%- for grain in grains %}
            when '{{ grain }}' then {{ period_end('period_start', grain) }}
            {%- endfor %}
        end as period_end
    from {{ ref('quota_attainment') }}
    where
        variant = 'headline'
        and dimension = 'rep'
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
        and is_complete_period
        and kpi_value >= 1
),

-- A quota of a period is reached at its end; who reached a month and its quarter, with the month.
quotas_reached as (
    select
        reps.rep_id,
        {{ add_days('quota_periods.period_end', -1) }} as reached_on,
        {{ days_between('reps.hired_on', 'quota_periods.period_end') }} as ramp_days,
        row_number() over (
            partition by reps.rep_id
            order by
                quota_periods.period_end,
                case quota_periods.period_grain when 'month' then 1 else 2 end
        ) as position
    from quota_periods
    inner join reps
        on quota_periods.rep_id = reps.rep_id
    where quota_periods.period_end > reps.hired_on
),

ramps as (
    {%- for variant, relation in [('to_first_win', 'wins'), ('to_quota', 'quotas_reached')] %}
    select
        '{{ variant }}' as variant,
        rep_id,
        reached_on,
        ramp_days
    from {{ relation }}
    where position = 1
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

records as (
    {%- for variant, day, moment in [
        ('headline', 'completed_on', 'completion'), ('by_start', 'started_on', 'start')
    ] %}
    select
        '{{ variant }}' as variant,
        onboarding_id as record_id,
        {{ day }} as occurred_on,
        onboarding_days as numerator,
        true as denominator,
        {{ moment }}_team_id as team,
        {{ moment }}_territory_id as territory,
        {{ moment }}_role as role
    from onboardings
    union all
    {%- endfor %}
    select
        ramps.variant,
        ramps.rep_id as record_id,
        ramps.reached_on as occurred_on,
        ramps.ramp_days as numerator,
        true as denominator,
        assignments.team_id as team,
        assignments.territory_id as territory,
        assignments.role
    from ramps
    left join assignments
        on
            ramps.rep_id = assignments.rep_id
            and ramps.reached_on >= assignments.valid_from
            and ramps.reached_on < assignments.valid_to
)

{{ kpi(
    'rep_onboarding_time',
    kind='average',
    grains=month_grains(),
    dimensions=['team', 'territory', 'role'],
    variants={
        'headline': {},
        'by_start': {'time_basis': 'cohort'},
        'to_first_win': {},
        'to_quota': {},
    },
) }}
