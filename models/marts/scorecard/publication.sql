-- One row: what this release was built with, so that a reader knows how far its data goes.
with past as (
    select * from {{ ref('int_past_publications') }}
),

last_load as (
    select * from {{ ref('int_last_load') }}
),

numbered as (
    select coalesce(max(publication_number), 0) + 1 as publication_number from past
)

select
    cast(numbered.publication_number as integer) as publication_number,
    cast('{{ release_name() }}' as {{ dbt.type_string() }}) as release,
    {{ as_of_date() }} as as_of_date,
    cast('{{ var("reporting_currency") }}' as {{ dbt.type_string() }}) as reporting_currency,
    cast('{{ var("reporting_time_zone") }}' as {{ dbt.type_string() }}) as reporting_time_zone,
    cast('{{ var("sources") | join(", ") }}' as {{ dbt.type_string() }}) as sources,
    last_load.last_load_id
from numbered
cross join last_load
