-- One row: what this release was built with, so that a reader knows how far its data goes.
select
    {{ as_of_date() }} as as_of_date,
    cast('{{ var("reporting_currency") }}' as {{ dbt.type_string() }}) as reporting_currency,
    cast('{{ var("reporting_time_zone") }}' as {{ dbt.type_string() }}) as reporting_time_zone,
    cast('{{ var("sources") | join(", ") }}' as {{ dbt.type_string() }}) as sources
