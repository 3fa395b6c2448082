-- One row per cell and publication that said something of it that the one before had not said.
{%- set cell = [
    'kpi_id', 'variant', 'time_basis', 'period_grain', 'period_start', 'dimension',
    'dimension_value'
] %}
with past_values as (
    select * from {{ ref('int_past_values') }}
),

-- A running period says something else every day, of the company alone that is kept.
cells as (
    select * from {{ ref('kpi_values') }}
    where
        period_grain in ('{{ var("history_grains") | join("', '") }}') -- noqa: LT05
        and (is_complete_period or dimension = 'all')
),

definitions as (
    select * from {{ ref('kpi_catalogue') }}
),

publication as (
    select * from {{ ref('publication') }}
),

in_order as (
    select
        past_values.*,
        row_number() over (
            partition by {{ cell | join(', ') }}
            order by publication_number desc
        ) as position
    from past_values
),

last_said as (
    select * from in_order
    where position = 1
),

compared as (
    select
        {{ cell | join(',\n        ') }},
        cells.numerator,
        cells.denominator,
        cells.kpi_value,
        cells.sample_size,
        coalesce(cells.is_complete_period and cells.is_matured, false) as is_final,
        cells.is_matured is null as is_withdrawn,
        last_said.as_of_date as said_as_of_date,
        last_said.publication_number is null as is_new,
        last_said.numerator as said_numerator,
        last_said.denominator as said_denominator,
        last_said.kpi_value as said_value,
        last_said.is_final as was_final,
        last_said.is_withdrawn as was_withdrawn
    from cells
    full outer join last_said
        using ({{ cell | join(', ') }})
),

-- Going back in time takes back nothing that was said of later days.
said as (
    select
        {%- for column in cell %}
        compared.{{ column }},
        {%- endfor %}
        publication.publication_number,
        publication.release,
        publication.as_of_date,
        compared.numerator,
        compared.denominator,
        compared.kpi_value,
        compared.sample_size,
        compared.is_final,
        compared.is_withdrawn,
        cast(definitions.version as {{ dbt.type_string() }}) as version
    from compared
    cross join publication
    left join definitions
        on compared.kpi_id = definitions.kpi_id
    where
        (
            compared.is_new
            or compared.is_withdrawn <> compared.was_withdrawn
            or compared.is_final <> compared.was_final
            or compared.numerator is distinct from compared.said_numerator
            or compared.denominator is distinct from compared.said_denominator
            or (compared.kpi_value is null) <> (compared.said_value is null)
        )
        and (not compared.is_withdrawn or compared.said_as_of_date <= publication.as_of_date)
)

select * from past_values
union all
select * from said
