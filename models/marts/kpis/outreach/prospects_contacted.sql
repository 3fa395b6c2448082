-- Prospects contacted: persons we reached out to, each once in a period however often.
with touches as (
    select * from {{ ref('fct_activities') }}
    where is_outbound_touch and person_id is not null
),

prospects as (
    select * from {{ ref('fct_prospects') }}
),

records as (
    select
        'headline' as variant,
        person_id as record_id,
        occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory,
        activity_type as method,
        source_channel as channel
    from touches
    union all
    -- Those nobody had ever reached out to.
    select
        'new' as variant,
        person_id as record_id,
        first_touched_on as occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory,
        method,
        source_channel as channel
    from prospects
)

{{ kpi(
    'prospects_contacted',
    kind='sum',
    distinct=true,
    dimensions=['rep', 'team', 'territory', 'method', 'channel'],
    variants={'headline': {}, 'new': {}},
) }}
