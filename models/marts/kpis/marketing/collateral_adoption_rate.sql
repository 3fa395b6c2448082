-- Collateral adoption rate: of the sales and support reps active in a period, the share that shared
-- a piece of collateral or trained on one.
{%- set grains = kpi_grains(month_grains()) %}
with reps as (
    select periods.*
    from {{ ref('fct_rep_periods') }} as periods
    inner join {{ ref('dim_teams') }} as teams
        on periods.team_id = teams.team_id
    where teams.department in ('sales', 'support')
),

events as (
    select * from {{ ref('fct_collateral_events') }}
    where event_type in ('shared', 'trained')
),

dated as (
    {{ in_periods('events', 'occurred_on', grains) }}
),

adopters as (
    select distinct
        rep_id,
        period_grain,
        period_start
    from dated
),

records as (
    select
        reps.rep_id as record_id,
        reps.period_grain,
        reps.period_start,
        adopters.rep_id is not null as numerator,
        true as denominator,
        reps.team_id as team
    from reps
    left join adopters
        on
            reps.rep_id = adopters.rep_id
            and reps.period_grain = adopters.period_grain
            and reps.period_start = adopters.period_start
)

{{ kpi(
    'collateral_adoption_rate',
    kind='rate',
    time_basis='event',
    by_period=true,
    dimensions=['team'],
    grains=month_grains(),
) }}
