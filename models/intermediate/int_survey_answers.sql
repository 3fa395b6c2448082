-- One row per respondent, wave and question of an employee survey: the last answer by as_of_date.
-- A wave is dated at the day of its first answer, whatever the question; all of it counts there.
with answers as (
    select * from {{ ref('employee_surveys') }}
    where not is_deleted and {{ business_date('responded_at') }} <= {{ as_of_date() }}
),

waves as (
    select
        survey_wave,
        {{ business_date('min(responded_at)') }} as wave_on
    from answers
    group by survey_wave
),

ranked as (
    select
        answers.*,
        row_number() over (
            partition by respondent_key, survey_wave, question_kind
            order by responded_at desc, answer_id desc
        ) as position
    from answers
    where score is not null
)

select
    ranked.answer_id,
    ranked.respondent_key,
    ranked.survey_wave,
    waves.wave_on,
    coalesce(ranked.team_id, 'unassigned') as team_id,
    ranked.question_kind,
    ranked.score,
    -- Promoters less detractors, on the scale from 0 to 10.
    case
        when ranked.question_kind <> 'enps' then null
        when ranked.score >= 9 then 1
        when ranked.score <= 6 then -1
        else 0
    end as enps_points
from ranked
inner join waves
    on ranked.survey_wave = waves.survey_wave
where ranked.position = 1
