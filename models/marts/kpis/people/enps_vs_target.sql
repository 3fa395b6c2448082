-- Employee satisfaction against target: the points by which the last survey of a period lies above
-- or below what was aimed at. Scores have a sign, so it is a difference and no ratio.
{%- set grains = kpi_grains(month_grains()) %}
{%- set dimensions = kpi_dimensions(['team', 'wave']) %}
with answers as (
    select * from {{ ref('int_survey_answers') }}
    where question_kind = 'enps'
),

targets as (
    select * from {{ ref('fct_targets') }}
    where measure_id = 'enps'
),

results as (
    {%- for dimension in ['all'] + (['team'] if 'team' in dimensions else []) %}
    select
        '{{ dimension }}' as dimension,
        {{ "'all'" if dimension == 'all' else 'team_id' }} as dimension_value,
        survey_wave,
        wave_on,
        100 * ({{ ratio('sum(enps_points)', 'count(*)') }}) as enps,
        count(*) as answers
    from answers
    group by survey_wave, wave_on{{ ', team_id' if dimension == 'team' }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- Of several targets in force on the day of the wave, a goal says best what was aimed at.
compared as (
    select
        results.*,
        targets.target_value,
        row_number() over (
            partition by results.dimension, results.dimension_value, results.survey_wave
            order by
                case targets.target_kind when 'goal' then 1 when 'quota' then 2 else 3 end,
                targets.target_id
        ) as position
    from results
    left join targets
        on
            results.dimension = targets.dimension
            and results.dimension_value = targets.dimension_value
            and results.wave_on >= targets.period_start
            and results.wave_on < targets.period_end
),

in_periods as (
    {%- for grain in grains %}
    select
        compared.*,
        '{{ grain }}' as period_grain,
        {{ period_start('compared.wave_on', grain) }} as period_start,
        row_number() over (
            partition by
                compared.dimension,
                compared.dimension_value,
                {{ period_start('compared.wave_on', grain) }}
            order by compared.wave_on desc, compared.survey_wave desc
        ) as recency
    from compared
    {%- if grain in jalali_grains() %}
    inner join {{ ref('dim_date') }} as calendar
        on compared.wave_on = calendar.date_on
    {%- endif %}
    where compared.position = 1
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

cells as (
    select
        'headline' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        enps as numerator,
        target_value as denominator,
        answers as sample_size
    from in_periods
    where recency = 1
    {%- if 'wave' in dimensions %}
    union all
    select
        'headline' as variant,
        period_grain,
        period_start,
        'wave' as dimension,
        survey_wave as dimension_value,
        enps as numerator,
        target_value as denominator,
        answers as sample_size
    from in_periods
    where dimension = 'all'
    {%- endif %}
)

{{ kpi_cells(
    'enps_vs_target',
    kind='difference',
    variants={'headline': {'min_sample': var('min_n'), 'is_anonymous': true}},
    grains=grains,
) }}
