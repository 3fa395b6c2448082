-- Meetings scheduled: meetings booked with prospects, a moved one once; beside them those that took
-- place and those that nobody came to.
with meetings as (
    select * from {{ ref('fct_meetings') }}
),

records as (
    {%- for variant, day in [
        ('headline', 'booked_on'), ('held', 'held_on'), ('no_show', 'no_show_on')
    ] %}
    select
        '{{ variant }}' as variant,
        meeting_id as record_id,
        {{ day }} as occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory,
        meeting_type as activity_type
    from meetings
    where {{ day }} is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'meetings_scheduled',
    kind='sum',
    dimensions=['rep', 'team', 'territory', 'activity_type'],
    variants={'headline': {}, 'held': {}, 'no_show': {}},
) }}
