-- Employee net promoter score: the share of promoters less that of detractors in a survey.
with answers as (
    select * from {{ ref('int_survey_answers') }}
    where question_kind = 'enps'
),

records as (
    select
        answer_id as record_id,
        wave_on as occurred_on,
        enps_points as numerator,
        true as denominator,
        team_id as team,
        survey_wave as wave
    from answers
)

{{ kpi(
    'enps',
    kind='score',
    grains=month_grains(),
    dimensions=['team', 'wave'],
    min_sample=var('min_n'),
    is_anonymous=true,
) }}
