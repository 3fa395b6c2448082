-- What a source has sent since the last publication, entity by entity, beside what it usually
-- sends: an entity that came regularly and now brings far fewer or far more rows.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'publication'}}}) }}
{%- set factor = var('audit_volume_factor') %}
{%- set branches = [] %}
{%- for entity in conformed_entities() %}
{%- for name in sources_of(entity) %}
{%- do branches.append((name, entity, ref('stg_' ~ name ~ '__' ~ entity))) %}
{%- endfor %}
{%- endfor %}
with publication as (
    select * from {{ ref('publication') }}
),

earlier as (
    select
        publications.*,
        publications.publication_number
        >= publication.publication_number - 10 * {{ var('audit_volume_deliveries') }} as is_recent
    from {{ ref('publications') }} as publications
    inner join publication
        on
            publications.publication_number < publication.publication_number
            and publications.last_load_id <= publication.last_load_id
),

past as (
    select * from earlier
    where is_recent
),

-- What was sent years ago says nothing of today.
forgotten as (
    select coalesce(max(last_load_id), 0) as load_id from earlier
    where not is_recent
),

landed as (
    {%- for name, entity, relation in branches %}
    select
        '{{ name }}' as source,
        '{{ entity }}' as entity,
        load_id,
        count(*) as row_count
    from {{ relation }}
    {%- if var('last_load') is not none %}
    where load_id <= {{ var('last_load') }}
    {%- endif %}
    group by load_id
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- The publication in which a file first counted; what has come since the last one counts in this.
counted as (
    select
        landed.source,
        landed.entity,
        landed.load_id,
        landed.row_count,
        coalesce(min(past.publication_number), max(publication.publication_number))
            as publication_number
    from landed
    cross join publication
    inner join forgotten
        on landed.load_id > forgotten.load_id
    left join past
        on landed.load_id <= past.last_load_id
    group by landed.source, landed.entity, landed.load_id, landed.row_count
),

brought as (
    select
        source,
        entity,
        publication_number,
        sum(row_count) as row_count
    from counted
    group by source, entity, publication_number
),

-- Deliveries of a source: publications for which it sent anything at all, the latest first.
deliveries as (
    select
        source,
        publication_number,
        row_number() over (partition by source order by publication_number desc) as position
    from (
        select distinct
            source,
            publication_number
        from brought
    ) as sent
),

in_order as (
    select
        deliveries.source,
        deliveries.publication_number,
        deliveries.position - 1 as age
    from deliveries
    inner join deliveries as latest
        on deliveries.source = latest.source and latest.position = 1
    inner join publication
        on latest.publication_number = publication.publication_number
    where deliveries.position <= {{ var('audit_volume_deliveries') }} + 1
),

usual as (
    select
        brought.source,
        brought.entity,
        count(*) as times_sent,
        percentile_cont(0.5) within group (order by brought.row_count) as usual_rows
    from brought
    inner join in_order
        on
            brought.source = in_order.source
            and brought.publication_number = in_order.publication_number
    where in_order.age > 0
    group by brought.source, brought.entity
),

history as (
    select
        source,
        max(age) as earlier_deliveries
    from in_order
    group by source
)

select
    usual.source,
    usual.entity,
    usual.usual_rows,
    coalesce(brought.row_count, 0) as rows_now,
    usual.times_sent,
    history.earlier_deliveries
from usual
inner join history
    on usual.source = history.source
inner join in_order
    on usual.source = in_order.source and in_order.age = 0
left join brought
    on
        usual.source = brought.source
        and usual.entity = brought.entity
        and in_order.publication_number = brought.publication_number
where
    history.earlier_deliveries >= {{ var('audit_volume_min_deliveries') }}
    and usual.times_sent * 4 >= history.earlier_deliveries * 3
    and greatest(usual.usual_rows, coalesce(brought.row_count, 0)) >= {{ var('audit_min_rows') }}
    and (
        coalesce(brought.row_count, 0) * {{ factor }} < usual.usual_rows
        or coalesce(brought.row_count, 0) > usual.usual_rows * {{ factor }}
    )
