-- Where a rep's deals get stuck: for each stage how long they stayed against what is expected, and
-- how many went on against the team.
{%- set min_n = var('min_n') %}
with stages as (
    select * from {{ ref('fct_opportunity_stages') }}
    where opportunity_type <> 'renewal'
),

pipeline_stages as (
    select * from {{ ref('dim_pipeline_stages') }}
),

-- Who was employed in the quarter, and in which team: nobody else can be coached.
rep_periods as (
    select * from {{ ref('fct_rep_periods') }}
    where period_grain = 'quarter'
),

-- A stay counts when it ends, a conversion when the stage is reached.
stays as (
    select
        rep_periods.rep_id,
        rep_periods.team_id,
        rep_periods.period_start,
        stages.stage,
        stages.days_in_stage,
        cast(null as boolean) as is_passed
    from stages
    inner join rep_periods
        on
            stages.owner_rep_id = rep_periods.rep_id
            and {{ period_start('stages.left_on', 'quarter') }} = rep_periods.period_start
    union all
    select
        rep_periods.rep_id,
        rep_periods.team_id,
        rep_periods.period_start,
        stages.stage,
        cast(null as decimal(18, 6)) as days_in_stage,
        stages.is_passed
    from stages
    inner join rep_periods
        on
            stages.owner_rep_id = rep_periods.rep_id
            and {{ period_start('stages.reached_on', 'quarter') }} = rep_periods.period_start
),

{% for name, member in [('of_rep', 'rep_id'), ('of_team', 'team_id')] %}
{{ name }} as (
    select
        {{ member }},
        {%- if member == 'rep_id' %}
        team_id,
        {%- endif %}
        period_start,
        stage,
        count(days_in_stage) as stays,
        case
            when count(days_in_stage) >= {{ min_n }}
                then round(percentile_cont(0.5) within group (order by days_in_stage), 6)
        end as median_days,
        count(is_passed) as reached_deals,
        count(*) filter (where is_passed) as passed_deals,
        case
            when count(is_passed) >= {{ min_n }}
                then {{ ratio('count(*) filter (where is_passed)', 'count(is_passed)') }}
        end as conversion_rate
    from stays
    group by
        {{ member }},
        {%- if member == 'rep_id' %}
        team_id,
        {%- endif %}
        period_start,
        stage
),
{% endfor %}
compared as (
    select
        of_rep.*,
        pipeline_stages.pipeline_id,
        pipeline_stages.stage_name,
        pipeline_stages.stage_order,
        pipeline_stages.expected_days,
        case
            when of_team.team_id <> 'unassigned' then of_team.stays
        end as team_stays,
        case
            when of_team.team_id <> 'unassigned' then of_team.median_days
        end as team_median_days,
        case
            when of_team.team_id <> 'unassigned' then of_team.reached_deals
        end as team_reached_deals,
        case
            when of_team.team_id <> 'unassigned' then of_team.passed_deals
        end as team_passed_deals,
        case
            when of_team.team_id <> 'unassigned' then of_team.conversion_rate
        end as team_conversion_rate
    from of_rep
    inner join of_team
        on
            of_rep.team_id = of_team.team_id
            and of_rep.period_start = of_team.period_start
            and of_rep.stage = of_team.stage
    left join pipeline_stages
        on of_rep.stage = pipeline_stages.stage
),

measured as (
    select
        compared.*,
        coalesce(expected_days, team_median_days) as benchmark_days,
        case
            when expected_days is not null then 'expected_days'
            when team_median_days is not null then 'team_median'
        end as benchmark_source,
        round({{ ratio('median_days', 'coalesce(expected_days, team_median_days)') }}, 6)
            as time_ratio,
        round(conversion_rate - team_conversion_rate, 6) as conversion_gap
    from compared
),

slowest as (
    select
        measured.*,
        coalesce(
            time_ratio > 1
            and time_ratio = max(time_ratio) over (partition by rep_id, period_start),
            false
        ) as is_slowest
    from measured
),

-- The slowest stage; of several equally slow ones that with the lowest conversion against the team.
-- Where none is slow, the lowest conversion alone, if it is below the team's.
ranked as (
    select
        slowest.*,
        row_number() over (
            partition by rep_id, period_start
            order by
                case when is_slowest then 0 else 1 end,
                conversion_gap nulls last,
                stage_order nulls last,
                stage
        ) = 1
        and (is_slowest or coalesce(conversion_gap < 0, false)) as is_worst
    from slowest
)

select
    rep_id,
    team_id,
    'quarter' as period_grain,
    period_start,
    {{ period_end('period_start', 'quarter') }} <= {{ add_days(as_of_date(), 1) }}
        as is_complete_period,
    {{ add_days(period_end('period_start', 'quarter'), var('conversion_horizon_days')) }}
    <= {{ add_days(as_of_date(), 1) }} as is_matured,
    stage,
    pipeline_id,
    stage_name,
    stage_order,
    stays,
    median_days,
    expected_days,
    team_stays,
    team_median_days,
    benchmark_days,
    benchmark_source,
    time_ratio,
    reached_deals,
    passed_deals,
    conversion_rate,
    team_reached_deals,
    team_passed_deals,
    team_conversion_rate,
    conversion_gap,
    case when time_ratio is not null or conversion_gap is not null then is_worst end
        as is_bottleneck,
    case when is_worst and is_slowest then 'time' when is_worst then 'conversion' end
        as bottleneck_cause
from ranked
