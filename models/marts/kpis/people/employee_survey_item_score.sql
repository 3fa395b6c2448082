-- Employee survey by question: the mean score of what people were asked beside the recommendation.
with answers as (
    select * from {{ ref('int_survey_answers') }}
    where question_kind <> 'enps'
),

records as (
    select
        answer_id as record_id,
        wave_on as occurred_on,
        score as numerator,
        true as denominator,
        question_kind,
        team_id as team,
        survey_wave as wave
    from answers
)

{{ kpi(
    'employee_survey_item_score',
    kind='average',
    grains=month_grains(),
    dimensions=['question_kind', 'team', 'wave'],
    min_sample=var('min_n'),
    is_anonymous=true,
) }}
