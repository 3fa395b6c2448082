-- One row per publication, this one included: with what it was built.
with past as (
    select * from {{ ref('int_past_publications') }}
),

publication as (
    select * from {{ ref('publication') }}
)

select * from past
union all
select
    publication_number,
    release,
    as_of_date,
    reporting_currency,
    reporting_time_zone,
    sources,
    last_load_id
from publication
