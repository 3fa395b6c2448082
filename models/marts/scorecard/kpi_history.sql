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
        period_grain in ('{{ var("history_grains") | join("', '") }}')
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
        {%- for column in cell %}
        coalesce(cells.{{ column }}, last_said.{{ column }}) as {{ column }},
        {%- endfor %}
        cells.numerator,
        cells.denominator,
        cells.kpi_value,
        cells.sample_size,
        coalesce(cells.is_complete_period and cells.is_matured, false) as is_final,
        cells.kpi_id is null as is_withdrawn,
        last_said.as_of_date as said_as_of_date,
        last_said.kpi_id is null
        or cells.numerator is distinct from last_said.numerator
        or cells.denominator is distinct from last_said.denominator
        or (cells.kpi_value is null) is distinct from (last_said.kpi_value is null)
        or coalesce(cells.is_complete_period and cells.is_matured, false) <> last_said.is_final
        or (cells.kpi_id is null) <> last_said.is_withdrawn as is_said_anew
    from cells
    full outer join last_said
        on
            {%- for column in cell %}
            {{ 'and ' if not loop.first }}cells.{{ column }} = last_said.{{ column }}
            {%- endfor %}
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
        compared.is_said_anew
        and (not compared.is_withdrawn or compared.said_as_of_date <= publication.as_of_date)
)

select * from past_values
union all
select * from said
