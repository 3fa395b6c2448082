-- Activity-to-opportunity ratio: deals that were found per sales activity.
{%- set dimensions = ['rep', 'team', 'role', 'activity_type'] %}
with opportunities as (
    select * from {{ ref('fct_sourced_opportunities') }}
    where not is_excluded and opportunity_type <> 'renewal'
),

sourcing_touches as (
    select * from {{ ref('fct_sourcing_touches') }}
),

activities as (
    select * from {{ ref('fct_activities') }}
    where is_human
),

-- An activity of today may find a deal a month from now: `lagged` looks at both together.
efforts as (
    select
        opportunity_id as record_id,
        created_on as occurred_on,
        created_on as lagged_on,
        1 as deals,
        0 as activities,
        sourced_by_rep_id as rep,
        sourced_by_team_id as team,
        sourced_by_role as role,
        cast(null as {{ dbt.type_string() }}) as activity_type
    from opportunities
    union all
    select
        activity_id as record_id,
        rep_local_on as occurred_on,
        {{ add_days('rep_local_on', 30) }} as lagged_on,
        0 as deals,
        1 as activities,
        rep_id as rep,
        team_id as team,
        role,
        activity_type
    from activities
),

records as (
    {%- for variant, day, numerator, denominator in [
        ('headline', 'occurred_on', 'deals', 'activities'),
        ('per_opportunity', 'occurred_on', 'activities', 'deals'),
        ('lagged', 'lagged_on', 'deals', 'activities'),
    ] %}
    select
        '{{ variant }}' as variant,
        record_id,
        {{ day }} as occurred_on,
        {{ numerator }} as numerator,
        {{ denominator }} as denominator,
        {{ dimensions | join(',\n        ') }}
    from efforts
    union all
    {%- endfor %}
    -- A deal counts for every type of touch that came before it; the shares overlap.
    select
        'by_type' as variant,
        opportunities.opportunity_id as record_id,
        opportunities.created_on as occurred_on,
        1 as numerator,
        0 as denominator,
        opportunities.sourced_by_rep_id as rep,
        opportunities.sourced_by_team_id as team,
        opportunities.sourced_by_role as role,
        sourcing_touches.activity_type
    from opportunities
    inner join sourcing_touches
        on opportunities.opportunity_id = sourcing_touches.opportunity_id
    union all
    select
        'by_type' as variant,
        activity_id as record_id,
        occurred_on,
        0 as numerator,
        1 as denominator,
        rep_id as rep,
        team_id as team,
        role,
        activity_type
    from activities
    where is_outbound_touch
)

{{ kpi(
    'activity_to_opportunity_ratio',
    kind='ratio',
    grains=month_grains(),
    dimensions=dimensions,
    variants={
        'headline': {},
        'per_opportunity': {},
        'lagged': {},
        'by_type': {'distinct': true},
    },
) }}
