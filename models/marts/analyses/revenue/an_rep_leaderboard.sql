-- Leaderboard: where a rep stands among those with the same role, in the team and in the company,
-- in every KPI that has a good direction and is cut by rep.
{%- set groups = {
    'team': ['kpi_id', 'period_grain', 'period_start', 'role', 'team_id'],
    'company': ['kpi_id', 'period_grain', 'period_start', 'role'],
} %}
-- Only the columns that are needed: the view holds every cell of every KPI.
with cells as (
    select
        kpi_id,
        period_grain,
        period_start,
        dimension_value,
        numerator,
        denominator,
        kpi_value,
        sample_size,
        p50,
        ci_low,
        is_complete_period,
        is_matured
    from {{ ref('kpi_values') }}
    where
        variant = 'headline'
        and dimension = 'rep'
        and period_grain in ('month', 'quarter')
),

catalogue as (
    select * from {{ ref('kpi_catalogue') }}
    where direction in ('up', 'down')
),

rep_periods as (
    select * from {{ ref('fct_rep_periods') }}
),

reps as (
    select * from {{ ref('dim_reps') }}
),

-- Shares have an interval and means a median: both say little of a few records.
valued as (
    select
        cells.*,
        catalogue.area,
        catalogue.unit,
        catalogue.direction,
        rep_periods.team_id,
        rep_periods.role,
        case
            when
                (cells.ci_low is not null or cells.p50 is not null)
                and cells.sample_size < {{ var('min_n') }}
                then null
            else cells.kpi_value
        end as value
    from cells
    inner join catalogue
        on cells.kpi_id = catalogue.kpi_id
    inner join rep_periods
        on
            cells.dimension_value = rep_periods.rep_id
            and cells.period_grain = rep_periods.period_grain
            and cells.period_start = rep_periods.period_start
),

scored as (
    select
        valued.*,
        value is not null as is_ranked,
        case when direction = 'up' then value else -value end as merit
    from valued
),

{%- for group, keys in groups.items() %}
{{ group }}_groups as (
    select
        {{ keys | join(',\n        ') }},
        count(*) as reps,
        percentile_cont(0.5) within group (order by value) as median_value,
        case when min(direction) = 'up' then max(value) else min(value) end as best_value
    from scored
    where is_ranked
    group by {{ keys | join(', ') }}
),
{% endfor %}
ranked as (
    select
        {%- for group, keys in groups.items() %}
        rank() over (
            partition by {{ keys | join(', ') }}, is_ranked
            order by merit desc nulls last
        ) as {{ group }}_rank,
        percent_rank() over (
            partition by {{ keys | join(', ') }}, is_ranked
            order by merit nulls first
        ) as {{ group }}_percentile,
        {%- endfor %}
        scored.*
    from scored
)

select
    ranked.kpi_id,
    ranked.area,
    ranked.unit,
    ranked.direction,
    ranked.period_grain,
    ranked.period_start,
    ranked.dimension_value as rep_id,
    reps.full_name,
    ranked.team_id,
    ranked.role,
    ranked.value as kpi_value,
    ranked.numerator,
    ranked.denominator,
    ranked.sample_size,
    {%- for group in groups %}
    {%- set name = group ~ '_groups' %}
    -- The median of a few would tell what each of them has.
    coalesce({{ name }}.reps, 0) as {{ group }}_reps,
    case when ranked.is_ranked then ranked.{{ group }}_rank end as {{ group }}_rank,
    case when ranked.is_ranked and {{ name }}.reps > 1 then ranked.{{ group }}_percentile end
        as {{ group }}_percentile,
    case when {{ name }}.reps >= {{ var('min_n') }} then {{ name }}.median_value end
        as {{ group }}_median,
    case when {{ name }}.reps >= {{ var('min_n') }} then {{ name }}.best_value end
        as {{ group }}_best,
    case when {{ name }}.reps >= {{ var('min_n') }} then ranked.value - {{ name }}.median_value end
        as distance_to_{{ group }}_median,
    {%- endfor %}
    ranked.is_complete_period,
    ranked.is_matured
from ranked
left join reps
    on ranked.dimension_value = reps.rep_id
left join team_groups
    on
        ranked.kpi_id = team_groups.kpi_id
        and ranked.period_grain = team_groups.period_grain
        and ranked.period_start = team_groups.period_start
        and ranked.role = team_groups.role
        and ranked.team_id = team_groups.team_id
left join company_groups
    on
        ranked.kpi_id = company_groups.kpi_id
        and ranked.period_grain = company_groups.period_grain
        and ranked.period_start = company_groups.period_start
        and ranked.role = company_groups.role
