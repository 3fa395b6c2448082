-- The last thing that happened, entity by entity, seen from as_of_date: a feed that has dried up,
-- or an as_of_date that is wrong. It warns; where nothing at all has happened for
-- audit_dead_days, it blocks.
{{ config(
    severity='error',
    fail_calc='coalesce(max(case when is_dead then 2 else 1 end), 0)',
    warn_if='> 0',
    error_if='> 1',
    meta={'dagster': {'ref': {'name': 'publication'}}},
) }}
{%- set happened = {
    'activities': (ref('fct_activities'), 'occurred_on'),
    'invoices': (ref('fct_invoices'), 'issued_on'),
    'leads': (ref('fct_leads'), 'created_on'),
    'opportunities': (ref('fct_opportunities'), 'created_on'),
} %}
{%- for entity in var('audit_stale_days') if entity not in happened %}
{%- do exceptions.raise_compiler_error(
    "audit_stale_days names '" ~ entity ~ "'; it can name " ~ happened | join(', ') ~ "."
) %}
{%- endfor %}
with last_seen as (
    {%- for entity, days in var('audit_stale_days').items() %}
    select
        '{{ entity }}' as entity,
        {{ days }} as days_allowed,
        max({{ happened[entity][1] }}) as last_on
    from {{ happened[entity][0] }}
    where {{ happened[entity][1] }} <= {{ as_of_date() }}
    union all
    {%- endfor %}
    -- The past is built again on purpose, or somebody has mistyped the day.
    select
        'publications' as entity,
        null as days_allowed,
        max(past.as_of_date) as last_on
    from {{ ref('publications') }} as past
    inner join {{ ref('publication') }} as publication
        on past.publication_number = publication.publication_number - 1
),

-- What never came is not missed.
aged as (
    select
        last_seen.*,
        {{ days_between('last_on', as_of_date()) }} as days_ago,
        min(case when entity <> 'publications' then {{ days_between('last_on', as_of_date()) }} end)
            over () as anything_days_ago
    from last_seen
    where last_on is not null
)

select
    entity,
    last_on,
    days_ago,
    days_allowed,
    {{ as_of_date() }} as as_of_date,
    coalesce(anything_days_ago > {{ var('audit_dead_days') }}, false) as is_dead
from aged
where
    days_ago > days_allowed
    or (entity = 'publications' and days_ago < 0)
