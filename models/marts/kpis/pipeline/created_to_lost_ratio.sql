-- Created-to-lost ratio: deals created in a period over deals lost in it, whichever they are.
{%- set cohort = {
    'kind': 'rate',
    'time_basis': 'cohort',
    'matures_after': {'days': var('conversion_horizon_days')},
} %}
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where opportunity_type <> 'renewal' and not is_excluded
),

records as (
    select
        'headline' as variant,
        opportunity_id as record_id,
        created_on as occurred_on,
        true as numerator,
        false as denominator,
        owner_rep_id as rep,
        creation_team_id as team,
        segment,
        motion
    from opportunities
    union all
    select
        'headline' as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        false as numerator,
        true as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        segment,
        motion
    from opportunities
    where is_lost
    {%- for variant, condition in [('lost_share', 'is_lost'), ('still_open', 'is_open')] %}
    union all
    -- Of the deals created in a period: what became of them.
    select
        '{{ variant }}' as variant,
        opportunity_id as record_id,
        created_on as occurred_on,
        {{ condition }} as numerator,
        true as denominator,
        owner_rep_id as rep,
        creation_team_id as team,
        segment,
        motion
    from opportunities
    {%- endfor %}
)

{{ kpi(
    'created_to_lost_ratio',
    kind='ratio',
    grains=month_grains(),
    dimensions=['rep', 'team', 'segment', 'motion'],
    variants={
        'headline': {'time_basis': 'event'},
        'lost_share': cohort,
        'still_open': cohort,
    },
) }}
