-- Team performance report: what each rep has done in a month, which open deals were worked on, what
-- came of it, and who is behind.
with months as (
    select
        fct_rep_months.*,
        -- The last day that counts: the running month ends with as_of_date.
        {{ add_days('least(month_end, ' ~ add_days(as_of_date(), 1) ~ ')', -1) }} as last_day_on
    from {{ ref('fct_rep_months') }} as fct_rep_months
),

reps as (
    select * from {{ ref('dim_reps') }}
),

teams as (
    select * from {{ ref('dim_teams') }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

states as (
    select * from {{ ref('fct_opportunity_states') }}
),

activities as (
    select * from {{ ref('fct_activities') }}
    where is_human and attributed_opportunity_id is not null
),

completed as (
    select * from {{ ref('sales_activities') }}
    where variant = 'headline' and period_grain = 'month' and dimension in ('all', 'rep')
),

attainments as (
    select * from {{ ref('quota_attainment') }}
    where
        variant = 'headline'
        and period_grain in ('month', 'quarter')
        and dimension = 'rep'
        and denominator is not null
),

-- Nothing was recorded before the first activity of anybody.
begun as (
    select min(period_start) as first_month
    from completed
    where dimension = 'all'
),

last_days as (
    select distinct
        month_start,
        last_day_on
    from months
),

-- Deals that were open at the end of the last day.
open_deals as (
    select
        last_days.month_start,
        last_days.last_day_on,
        states.opportunity_id,
        states.owner_rep_id as rep_id,
        opportunities.created_on
    from states
    inner join last_days
        on
            states.entered_on <= last_days.last_day_on
            and (states.left_on is null or states.left_on > last_days.last_day_on)
    inner join opportunities
        on states.opportunity_id = opportunities.opportunity_id
),

-- Touches of a deal, whoever made them, one row per month: a month's last one decides.
touched_months as (
    select
        attributed_opportunity_id as opportunity_id,
        {{ period_start('occurred_on', 'month') }} as month_start,
        max(occurred_on) as last_touched_on
    from activities
    group by attributed_opportunity_id, {{ period_start('occurred_on', 'month') }}
),

worked as (
    select
        open_deals.month_start,
        open_deals.last_day_on,
        open_deals.opportunity_id,
        open_deals.rep_id,
        -- A deal that nobody touched lies since it was created.
        greatest(
            open_deals.created_on,
            coalesce(max(touched_months.last_touched_on), open_deals.created_on)
        ) as worked_on,
        coalesce(max(touched_months.month_start) = open_deals.month_start, false) as is_touched
    from open_deals
    left join touched_months
        on
            open_deals.opportunity_id = touched_months.opportunity_id
            and open_deals.month_start >= touched_months.month_start
    group by
        open_deals.month_start, open_deals.last_day_on, open_deals.opportunity_id,
        open_deals.rep_id, open_deals.created_on
),

deals_of_reps as (
    select
        rep_id,
        month_start,
        count(*) as open_deals,
        count(case when is_touched then 1 end) as touched_open_deals,
        count(case
            when {{ days_between('worked_on', 'last_day_on') }} >= {{ var('untouched_days') }}
                then 1
        end) as untouched_open_deals
    from worked
    group by rep_id, month_start
)

select
    months.rep_id,
    reps.full_name,
    months.team_id,
    teams.team_name,
    months.role,
    cast('month' as {{ dbt.type_string() }}) as period_grain,
    months.month_start as period_start,
    cast(coalesce(completed.numerator, 0) as bigint) as completed_activities,
    coalesce(deals_of_reps.open_deals, 0) as open_deals,
    coalesce(deals_of_reps.touched_open_deals, 0) as touched_open_deals,
    coalesce(deals_of_reps.untouched_open_deals, 0) as untouched_open_deals,
    coalesce(deals_of_reps.untouched_open_deals, 0) > 0 as is_behind,
    coalesce(monthly.period_grain, quarterly.period_grain) as quota_grain,
    coalesce(monthly.numerator, quarterly.numerator) as achieved,
    coalesce(monthly.denominator, quarterly.denominator) as quota,
    case when monthly.period_grain is null then quarterly.kpi_value else monthly.kpi_value end
        as attainment,
    months.is_whole_month,
    months.is_complete_month as is_complete_period
from months
inner join begun
    on months.month_start >= begun.first_month
left join reps
    on months.rep_id = reps.rep_id
left join teams
    on months.team_id = teams.team_id
left join completed
    on
        months.rep_id = completed.dimension_value
        and months.month_start = completed.period_start
        and completed.dimension = 'rep'
left join deals_of_reps
    on
        months.rep_id = deals_of_reps.rep_id
        and months.month_start = deals_of_reps.month_start
-- Where a rep has no quota for the month, that of the quarter stands in.
left join attainments as monthly
    on
        months.rep_id = monthly.dimension_value
        and months.month_start = monthly.period_start
        and monthly.period_grain = 'month'
left join attainments as quarterly
    on
        months.rep_id = quarterly.dimension_value
        and {{ period_start('months.month_start', 'quarter') }} = quarterly.period_start
        and quarterly.period_grain = 'quarter'
