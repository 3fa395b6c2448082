-- One row per value that was said as final and was said differently later.
{%- set cell = [
    'kpi_id', 'variant', 'time_basis', 'period_grain', 'period_start', 'dimension',
    'dimension_value'
] %}
{%- set said = [
    'publication_number', 'release', 'as_of_date', 'numerator', 'denominator', 'kpi_value',
    'is_final', 'is_withdrawn', 'version'
] %}
with history as (
    select * from {{ ref('kpi_history') }}
),

publications as (
    select * from {{ ref('publications') }}
),

catalogue as (
    select * from {{ ref('kpi_catalogue') }}
),

followed as (
    select
        {%- for column in said %}
        lag({{ column }}) over (
            partition by {{ cell | join(', ') }}
            order by publication_number
        ) as previous_{{ column }},
        {%- endfor %}
        history.*
    from history
),

restated as (
    select
        followed.*,
        case followed.period_grain
            {%- for grain in var('history_grains') %}
            when '{{ grain }}' then {{ period_end('followed.period_start', grain) }}
            {%- endfor %}
        end as period_end
    from followed
    {%- if var('history_grains') | select('in', jalali_grains()) | list %}
    left join {{ ref('dim_date') }} as calendar
        on followed.period_start = calendar.date_on
    {%- endif %}
    where
        previous_is_final
        and (
            numerator is distinct from previous_numerator
            or denominator is distinct from previous_denominator
            or (kpi_value is null) <> (previous_kpi_value is null)
        )
)

select
    {%- for column in cell %}
    restated.{{ column }},
    {%- endfor %}
    restated.period_end,
    restated.publication_number,
    restated.release,
    restated.as_of_date,
    restated.previous_publication_number as said_in_publication_number,
    restated.previous_release as said_in_release,
    restated.previous_as_of_date as said_as_of_date,
    restated.previous_numerator as numerator_before,
    restated.numerator as numerator_after,
    restated.previous_denominator as denominator_before,
    restated.denominator as denominator_after,
    restated.previous_kpi_value as value_before,
    restated.kpi_value as value_after,
    restated.kpi_value - restated.previous_kpi_value as change,
    restated.is_withdrawn,
    -- Members of a cohort may still get there after the time they were given.
    case
        when restated.version <> restated.previous_version then 'definition'
        when
            publications.reporting_currency <> before.reporting_currency
            or publications.reporting_time_zone <> before.reporting_time_zone
            or publications.sources <> before.sources
            then 'settings'
        when
            restated.time_basis = 'cohort'
            and restated.denominator = restated.previous_denominator
            and restated.numerator > restated.previous_numerator
            then 'later_events'
        when catalogue.has_records then 'records'
        else 'inputs'
    end as cause
from restated
left join publications
    on restated.publication_number = publications.publication_number
left join publications as before
    on restated.previous_publication_number = before.publication_number
left join catalogue
    on restated.kpi_id = catalogue.kpi_id
