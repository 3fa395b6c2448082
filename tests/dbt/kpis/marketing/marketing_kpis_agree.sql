-- Marketing KPIs that count the same things in two ways, over all time or period by period. A row
-- is a contradiction.
{{ config(meta={'dagster': {'ref': {'name': 'cost_per_lead'}}}) }}
with months as (
    select
        'email_open_rate' as kpi,
        variant,
        numerator,
        denominator
    from {{ ref('email_open_rate') }}
    where dimension = 'all' and period_grain = 'month'
    union all
    select
        'cta_click_to_submission_rate' as kpi,
        variant,
        numerator,
        denominator
    from {{ ref('cta_click_to_submission_rate') }}
    where dimension = 'all' and period_grain = 'month'
),

-- Whether an outcome counts with its cohort or on its own day, in the end it counts once.
totals as (
    select
        kpi,
        sum(case when variant = 'headline' then numerator end) as numerator_of_cohorts,
        sum(case when variant = 'headline' then denominator end) as denominator_of_cohorts,
        sum(case when variant = 'by_event' then numerator end) as numerator_of_events,
        sum(case when variant = 'by_event' then denominator end) as denominator_of_events
    from months
    group by kpi
),

spend as (
    select
        sum(case when variant = 'actual_spend' then numerator end) as of_campaigns,
        sum(case when variant = 'monthly_spend' then numerator end) as of_months
    from {{ ref('cost_per_lead') }}
    where dimension = 'all' and period_grain = 'year'
),

uses as (
    select
        period_grain,
        period_start,
        sum(case when dimension = 'all' then numerator end) as of_company,
        sum(case when dimension = 'collateral' then numerator end) as of_assets
    from {{ ref('collateral_usage_count') }}
    group by period_grain, period_start
)

select
    kpi || ': cohorts and events differ' as problem,
    cast(null as date) as period_start
from totals
where
    numerator_of_cohorts is distinct from numerator_of_events
    or denominator_of_cohorts is distinct from denominator_of_events
union all
select
    'cost_per_lead: spend of campaigns and of months differ' as problem,
    cast(null as date) as period_start
from spend
where of_campaigns is distinct from of_months
union all
select
    'collateral_usage_count: the assets are not the company' as problem,
    period_start
from uses
where of_company <> of_assets
union all
select
    'collateral_influenced_revenue: more than was booked' as problem,
    influenced.period_start
from {{ ref('collateral_influenced_revenue') }} as influenced
left join {{ ref('bookings_amount') }} as bookings
    on
        influenced.period_grain = bookings.period_grain
        and influenced.period_start = bookings.period_start
        and bookings.dimension = 'all'
        and bookings.variant = 'headline'
where influenced.dimension = 'all' and influenced.numerator > coalesce(bookings.numerator, 0)
