-- Burnout watch: teams that do less than they used to, work more for each deal, or would recommend
-- us less. Teams only, never a person.
{%- set mean_months = var('burnout_mean_months') %}
{%- set before -%}
    over (
            partition by team_id
            order by month_start
            rows between {{ mean_months }} preceding and 1 preceding
        )
{%- endset %}
with rep_months as (
    select * from {{ ref('fct_rep_periods') }}
    where period_grain = 'month' and team_id <> 'unassigned'
),

teams as (
    select * from {{ ref('dim_teams') }}
),

activities as (
    select * from {{ ref('sales_activities') }}
    where variant = 'headline' and period_grain = 'month' and dimension in ('all', 'rep')
),

touches as (
    select * from {{ ref('touches_per_closed_deal') }}
    where variant = 'headline' and period_grain = 'month' and dimension = 'team'
),

drop_offs as (
    select
        kpi_value as drop_off_touch,
        {{ add_days(
            period_end('period_start', 'quarter'), var('conversion_horizon_days')
        ) }} as known_from
    from {{ ref('conversion_rate_by_touch_count') }}
    where variant = 'drop_off_touch' and period_grain = 'quarter' and dimension = 'all'
),

surveys as (
    select
        dimension_value as team_id,
        period_start as month_start,
        kpi_value as score,
        lag(kpi_value) over (
            partition by dimension_value
            order by period_start
        ) as previous_score
    from {{ ref('enps') }}
    where variant = 'headline' and period_grain = 'month' and dimension = 'team'
),

-- Nothing was recorded before the first activity of anybody.
begun as (
    select min(period_start) as first_month
    from activities
    where dimension = 'all'
),

team_months as (
    select
        rep_months.team_id,
        rep_months.period_start as month_start,
        count(*) as reps,
        sum(rep_months.active_working_days) as working_days,
        cast(coalesce(sum(activities.numerator), 0) as bigint) as activities
    from rep_months
    inner join begun
        on rep_months.period_start >= begun.first_month
    left join activities
        on
            rep_months.rep_id = activities.dimension_value
            and rep_months.period_start = activities.period_start
            and activities.dimension = 'rep'
    group by rep_months.team_id, rep_months.period_start
),

with_months_before as (
    select
        team_months.*,
        {{ period_end('month_start', 'month') }} as month_end,
        sum(activities) {{ before }} as activities_before,
        sum(working_days) {{ before }} as working_days_before,
        count(*) {{ before }} as months_before,
        min(month_start) {{ before }} as first_month_before
    from team_months
),

found_touches as (
    select
        with_months_before.team_id,
        with_months_before.month_start,
        drop_offs.drop_off_touch,
        row_number() over (
            partition by with_months_before.team_id, with_months_before.month_start
            order by drop_offs.known_from desc
        ) as position
    from with_months_before
    inner join drop_offs
        on with_months_before.month_end >= drop_offs.known_from
),

found_surveys as (
    select
        with_months_before.team_id,
        with_months_before.month_start,
        surveys.month_start as surveyed_month,
        surveys.score,
        surveys.previous_score,
        row_number() over (
            partition by with_months_before.team_id, with_months_before.month_start
            order by surveys.month_start desc
        ) as position
    from with_months_before
    inner join surveys
        on
            with_months_before.team_id = surveys.team_id
            and with_months_before.month_start >= surveys.month_start
),

measured as (
    select
        with_months_before.*,
        months_before = {{ mean_months }}
        and first_month_before = {{ add_months('with_months_before.month_start', -mean_months) }}
            as has_months_before,
        touches.numerator as touches,
        touches.denominator as won_deals,
        found_touches.drop_off_touch,
        found_surveys.surveyed_month,
        found_surveys.score,
        found_surveys.previous_score
    from with_months_before
    left join touches
        on
            with_months_before.team_id = touches.dimension_value
            and with_months_before.month_start = touches.period_start
    left join found_touches
        on
            with_months_before.team_id = found_touches.team_id
            and with_months_before.month_start = found_touches.month_start
            and found_touches.position = 1
    left join found_surveys
        on
            with_months_before.team_id = found_surveys.team_id
            and with_months_before.month_start = found_surveys.month_start
            and found_surveys.position = 1
),

compared as (
    select
        measured.*,
        {{ ratio('activities', 'working_days') }} as activities_per_day,
        case
            when has_months_before
                then {{ ratio('activities_before', 'working_days_before') }}
        end as activities_per_day_before,
        case
            when has_months_before and activities_before >= {{ var('min_n') }}
                then round({{ ratio(
                    'activities * working_days_before', 'activities_before * working_days'
                ) }} - 1, 9)
        end as activity_change,
        case when won_deals >= {{ var('min_n') }} then {{ ratio('touches', 'won_deals') }} end
            as touches_per_deal,
        score - previous_score as enps_change,
        month_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period
    from measured
),

-- The running month is not set against full ones.
flagged as (
    select
        compared.*,
        case when is_complete_period then activity_change <= -{{ var('burnout_drop') }} end
            as is_activity_down,
        case when is_complete_period then touches_per_deal > drop_off_touch end
            as is_touching_more,
        case when is_complete_period then enps_change < 0 end as is_enps_falling
    from compared
)

select
    flagged.team_id,
    teams.team_name,
    cast('month' as {{ dbt.type_string() }}) as period_grain,
    flagged.month_start as period_start,
    flagged.reps,
    flagged.working_days,
    flagged.activities,
    flagged.activities_per_day,
    case when flagged.has_months_before then flagged.activities_before end as activities_before,
    case when flagged.has_months_before then flagged.working_days_before end
        as working_days_before,
    flagged.activities_per_day_before,
    flagged.activity_change,
    flagged.is_activity_down,
    cast(coalesce(flagged.touches, 0) as bigint) as touches,
    cast(coalesce(flagged.won_deals, 0) as bigint) as won_deals,
    flagged.touches_per_deal,
    flagged.drop_off_touch,
    flagged.is_touching_more,
    flagged.surveyed_month,
    flagged.score as enps,
    flagged.previous_score as previous_enps,
    flagged.enps_change,
    flagged.is_enps_falling,
    case when flagged.is_activity_down then 1 else 0 end
    + case when flagged.is_touching_more then 1 else 0 end
    + case when flagged.is_enps_falling then 1 else 0 end as signs,
    case
        when flagged.is_activity_down or flagged.is_touching_more or flagged.is_enps_falling
            then true
        when
            coalesce(flagged.is_activity_down, flagged.is_touching_more, flagged.is_enps_falling)
            is not null
            then false
    end as is_watched,
    flagged.is_complete_period
from flagged
left join teams
    on flagged.team_id = teams.team_id
