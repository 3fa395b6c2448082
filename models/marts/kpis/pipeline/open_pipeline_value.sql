-- Open pipeline value: what the deals open at the end of a day are worth, as known on that day.
with states as (
    select * from {{ ref('fct_opportunity_states') }}
),

records as (
    select
        opportunity_id as record_id,
        entered_on,
        left_on,
        amount as numerator,
        true as denominator,
        owner_rep_id as rep,
        team_id as team,
        territory_id as territory,
        segment,
        motion,
        stage
    from states
    where opportunity_type <> 'renewal'
)

{{ kpi(
    'open_pipeline_value',
    kind='sum',
    time_basis='snapshot',
    dimensions=['rep', 'team', 'territory', 'segment', 'motion', 'stage'],
) }}
