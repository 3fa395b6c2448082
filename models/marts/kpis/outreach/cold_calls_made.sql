-- Cold calls made: calls to somebody who is no customer and was not spoken to before. A machine may
-- have dialled the number; messages left on a machine are counted beside.
with touches as (
    select * from {{ ref('fct_activities') }}
    where is_cold_touch
),

records as (
    select
        'headline' as variant,
        activity_id as record_id,
        occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory
    from touches
    where activity_type = 'call'
    union all
    select
        'voicemail_drops' as variant,
        activity_id as record_id,
        occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory
    from touches
    where activity_type = 'voicemail' and not is_automated
)

{{ kpi(
    'cold_calls_made',
    kind='sum',
    dimensions=['rep', 'team', 'territory'],
    variants={'headline': {}, 'voicemail_drops': {}},
) }}
