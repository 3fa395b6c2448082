-- What makes people happy or unhappy: how those who would recommend us answer the other questions,
-- and those who would not; and what teams of either mood sell.
with answers as (
    select * from {{ ref('int_survey_answers') }}
),

team_scores as (
    select * from {{ ref('enps') }}
    where variant = 'headline' and period_grain = 'quarter' and dimension = 'team'
),

bookings as (
    select * from {{ ref('bookings_amount') }}
    where variant = 'headline' and period_grain = 'quarter' and dimension = 'team'
),

revenues as (
    select * from {{ ref('net_sales_revenue') }}
    where variant = 'headline' and period_grain = 'quarter' and dimension = 'team'
),

teams as (
    select * from {{ ref('dim_teams') }}
),

recommendations as (
    select
        respondent_key,
        survey_wave,
        enps_points
    from answers
    where question_kind = 'enps'
),

-- Who did not answer the recommendation belongs to the rest.
grouped_answers as (
    select
        answers.survey_wave,
        answers.wave_on,
        answers.question_kind,
        answers.score,
        coalesce(recommendations.enps_points, 0) as enps_points
    from answers
    left join recommendations
        on
            answers.respondent_key = recommendations.respondent_key
            and answers.survey_wave = recommendations.survey_wave
    where answers.question_kind <> 'enps'
),

counted as (
    select
        survey_wave,
        question_kind,
        min(wave_on) as wave_on,
        count(case when enps_points = 1 then 1 end) as promoters,
        count(case when enps_points = -1 then 1 end) as detractors,
        count(case when enps_points = 0 then 1 end) as others,
        sum(case when enps_points = 1 then score end) as promoter_scores,
        sum(case when enps_points = -1 then score end) as detractor_scores
    from grouped_answers
    group by survey_wave, question_kind
),

-- All or nothing: the mean of everybody is published, so a group that is too small could be worked
-- out from the other two.
shown as (
    select
        counted.*,
        promoters >= {{ var('min_n') }}
        and detractors >= {{ var('min_n') }}
        and (others = 0 or others >= {{ var('min_n') }}) as is_shown
    from counted
),

questions as (
    select
        'question' as row_kind,
        {{ period_start('wave_on', 'quarter') }} as period_start,
        survey_wave,
        wave_on,
        question_kind,
        case when is_shown then promoters end as promoters,
        case when is_shown then detractors end as detractors,
        case when is_shown then {{ ratio('promoter_scores', 'promoters') }} end
            as promoter_mean_score,
        case when is_shown then {{ ratio('detractor_scores', 'detractors') }} end
            as detractor_mean_score
    from shown
),

moods as (
    select
        'team' as row_kind,
        team_scores.period_start,
        team_scores.dimension_value as team_id,
        team_scores.kpi_value as enps,
        coalesce(bookings.numerator, 0) as bookings_amount,
        coalesce(revenues.numerator, 0) as net_sales_revenue
    from team_scores
    left join bookings
        on
            team_scores.dimension_value = bookings.dimension_value
            and team_scores.period_start = bookings.period_start
    left join revenues
        on
            team_scores.dimension_value = revenues.dimension_value
            and team_scores.period_start = revenues.period_start
)

select
    row_kind,
    cast('quarter' as {{ dbt.type_string() }}) as period_grain,
    period_start,
    survey_wave,
    wave_on,
    question_kind,
    cast('all' as {{ dbt.type_string() }}) as team_id,
    cast(null as {{ dbt.type_string() }}) as team_name,
    promoters,
    promoter_mean_score,
    detractors,
    detractor_mean_score,
    promoter_mean_score - detractor_mean_score as score_gap,
    case
        when promoter_mean_score is not null
            then rank() over (
                partition by survey_wave
                order by promoter_mean_score - detractor_mean_score desc nulls last
            )
    end as gap_rank,
    cast(null as {{ type_double() }}) as enps,
    cast(null as decimal(38, 6)) as bookings_amount,
    cast(null as decimal(38, 6)) as net_sales_revenue,
    {{ period_end('period_start', 'quarter') }} <= {{ add_days(as_of_date(), 1) }}
        as is_complete_period
from questions
union all
select
    moods.row_kind,
    cast('quarter' as {{ dbt.type_string() }}) as period_grain,
    moods.period_start,
    cast('all' as {{ dbt.type_string() }}) as survey_wave,
    cast(null as date) as wave_on,
    cast('all' as {{ dbt.type_string() }}) as question_kind,
    moods.team_id,
    teams.team_name,
    cast(null as bigint) as promoters,
    cast(null as {{ type_double() }}) as promoter_mean_score,
    cast(null as bigint) as detractors,
    cast(null as {{ type_double() }}) as detractor_mean_score,
    cast(null as {{ type_double() }}) as score_gap,
    cast(null as bigint) as gap_rank,
    moods.enps,
    moods.bookings_amount,
    moods.net_sales_revenue,
    {{ period_end('moods.period_start', 'quarter') }} <= {{ add_days(as_of_date(), 1) }}
        as is_complete_period
from moods
left join teams
    on moods.team_id = teams.team_id
