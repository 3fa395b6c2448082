-- Customer onboarding time: how long new customers take to be onboarded, of those who stayed.
with onboardings as (
    select * from {{ ref('fct_customer_onboardings') }}
),

finished as (
    select * from onboardings
    where onboarding_days is not null and lost_before_on is null
),

records as (
    {%- for variant, day, days in [
        ('headline', 'completed_on', 'onboarding_days'),
        ('by_start', 'started_on', 'onboarding_days'),
        ('from_close', 'completed_on', 'days_from_first_win'),
    ] %}
    select
        '{{ variant }}' as variant,
        onboarding_id as record_id,
        {{ day }} as occurred_on,
        {{ days }} as numerator,
        1 as denominator,
        segment,
        vertical
    from finished
    where {{ days }} is not null
    union all
    {%- endfor %}
    -- Who was lost first never finished in time; left out above and counted here.
    select
        'lost_before' as variant,
        onboarding_id as record_id,
        lost_before_on as occurred_on,
        1 as numerator,
        1 as denominator,
        segment,
        vertical
    from onboardings
    where lost_before_on is not null
)

{{ kpi(
    'customer_onboarding_time',
    kind='average',
    grains=month_grains(),
    dimensions=['segment', 'vertical'],
    variants={
        'headline': {},
        'by_start': {'time_basis': 'cohort'},
        'from_close': {},
        'lost_before': {'kind': 'sum'},
    },
) }}
