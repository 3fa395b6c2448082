-- One row per deal, grain and period in which it was worked: created before the period ended and
-- not closed before it began. Excluded deals never were any.
{%- set grains = kpi_grains(['week'] + month_grains()) %}
with opportunities as (
    select * from {{ ref('int_opportunities') }}
    where not is_excluded
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

days as (
    {{ period_days('(select min(opportunities.created_on) from opportunities)', grains)
        | indent(4) }}
),

-- What is known of the running period ends with as_of_date.
periods as (
    select distinct
        period_grain,
        period_start,
        known_end as period_end
    from days
),

worked as (
    select
        opportunities.*,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        least(
            coalesce(opportunities.closed_on, {{ as_of_date() }}),
            {{ add_days('periods.period_end', -1) }}
        ) as owned_on
    from opportunities
    inner join periods
        on
            opportunities.created_on < periods.period_end
            and coalesce(opportunities.closed_on, {{ as_of_date() }}) >= periods.period_start
)

-- A deal belongs to the team that had it at the end of the period, or at the close.
select
    worked.opportunity_id,
    worked.period_grain,
    worked.period_start,
    worked.owner_rep_id,
    coalesce(assignments.team_id, 'unassigned') as team_id,
    coalesce(assignments.territory_id, 'unassigned') as territory_id,
    coalesce(assignments.region, 'unassigned') as region,
    worked.opportunity_type,
    worked.segment,
    worked.motion,
    worked.created_on >= worked.period_start as is_created_in_period,
    coalesce(worked.is_won and worked.closed_on < worked.period_end, false) as is_won_in_period,
    coalesce(worked.is_lost and worked.closed_on < worked.period_end, false) as is_lost_in_period
from worked
left join assignments
    on
        worked.owner_rep_id = assignments.rep_id
        and worked.owned_on >= assignments.valid_from
        and worked.owned_on < assignments.valid_to
