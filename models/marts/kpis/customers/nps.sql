-- Net promoter score: the share of promoters (9, 10) less that of detractors (0 to 6), times 100.
-- Customers too young to judge do not count; of several answers of a person the last one does.
with surveys as (
    select * from {{ ref('fct_nps_surveys') }}
),

answers as (
    select
        surveys.*,
        case nps_group when 'promoter' then 1 when 'detractor' then -1 else 0 end as opinion
    from surveys
    where is_counted
),

records as (
    {%- for variant, day in [('headline', 'responded_on'), ('by_wave', 'sent_on')] %}
    select
        '{{ variant }}' as variant,
        survey_id as record_id,
        {{ day }} as occurred_on,
        opinion as numerator,
        1 as denominator,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from answers
    union all
    {%- endfor %}
    select
        'response_rate' as variant,
        survey_id as record_id,
        sent_on as occurred_on,
        case when is_answered then 1 else 0 end as numerator,
        1 as denominator,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from surveys
    where is_eligible
    union all
    select
        'too_early' as variant,
        survey_id as record_id,
        sent_on as occurred_on,
        1 as numerator,
        1 as denominator,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from surveys
    where not is_eligible
)

{{ kpi(
    'nps',
    kind='score',
    grains=month_grains(),
    dimensions=['account_manager', 'segment', 'vertical'],
    variants={
        'headline': {'time_basis': 'event'},
        'by_wave': {'time_basis': 'cohort'},
        'response_rate': {'kind': 'rate', 'time_basis': 'cohort'},
        'too_early': {'kind': 'sum', 'time_basis': 'event'},
    },
) }}
