-- Goal progress: how far a goal has come from its start to its target. A goal with parts is as far
-- as the weighted mean of those parts whose progress is known.
{%- set measures = var('goal_measures') %}
{%- set grains = kpi_grains(['week', 'month', 'quarter', 'year']) %}
{%- set dimensions = ['all'] + kpi_dimensions(['goal']) %}
with goals as (
    select * from {{ ref('fct_goals') }}
),

-- Where the KPIs stand that goals may be measured by.
measured as (
    {%- for measure in measures %}
    select
        '{{ measure }}' as measure_id,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        kpi_value
    from {{ ref(measure) }}
    where
        variant = 'headline'
        and period_grain in ('week', 'month', 'quarter', 'year')
        and dimension in ('all', 'team', 'rep', 'location', 'territory', 'vertical')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- What a KPI measures ignores the value that somebody has typed in.
leaves as (
    select
        goals.*,
        case
            when
                goals.value_type in ('number', 'currency')
                and goals.measure_id in ('{{ measures | join("', '") }}') -- noqa: LT05
                then cast(measured.kpi_value as decimal(28, 9))
            else goals.current_value
        end as reached_value
    from goals
    left join measured
        on
            goals.measure_id = measured.measure_id
            and goals.period_grain = measured.period_grain
            and goals.period_start = measured.period_start
            and goals.dimension = measured.dimension
            and goals.dimension_value = measured.dimension_value
    where goals.is_leaf
),

-- Goals to lower something, such as churn, have a start above their target.
shares as (
    select
        leaves.*,
        case value_type
            when 'boolean' then case when reached_value >= 1 then 1 else 0 end
            when 'task' then {{ ratio('coalesce(reached_value, 0)', 'target_value') }}
            else {{ ratio(
                'reached_value - coalesce(start_value, 0)',
                'target_value - coalesce(start_value, 0)'
            ) }}
        end as share
    from leaves
),

-- Decimals, whose sums do not depend on the order of their parts.
leaf_progress as (
    select
        shares.*,
        cast(
            case when share < 0 then 0 when share > 1 then 1 else share end as decimal(18, 12)
        ) as progress
    from shares
),

-- From the deepest level up: leaves as they are, goals with parts from the level below.
{% for level in range(6, 0, -1) -%}
progress_{{ level }} as (
    select
        goal_id,
        parent_goal_id,
        weight,
        progress,
        progress as numerator,
        case when progress is not null then 1 end as denominator,
        case when progress is not null then 1 else 0 end as known_leaves,
        case when progress = 1 then 1 else 0 end as leaves_hit,
        1 as leaves
    from leaf_progress
    where goal_level = {{ level }}
    {%- if level < 6 %}
    union all
    select
        goals.goal_id,
        goals.parent_goal_id,
        goals.weight,
        cast(
            {{ ratio('parts.numerator', 'parts.denominator') }} as decimal(18, 12)
        ) as progress,
        parts.numerator,
        parts.denominator,
        parts.known_leaves,
        parts.leaves_hit,
        parts.leaves
    from goals
    inner join parts_{{ level + 1 }} as parts
        on goals.goal_id = parts.goal_id
    {%- endif %}
),

parts_{{ level }} as (
    select
        parent_goal_id as goal_id,
        sum(case when progress is not null then weight * progress end) as numerator,
        sum(case when progress is not null then weight end) as denominator,
        sum(known_leaves) as known_leaves,
        sum(leaves_hit) as leaves_hit,
        sum(leaves) as leaves
    from progress_{{ level }}
    where parent_goal_id is not null
    group by parent_goal_id
),

{% endfor -%}
members as (
    {%- for level in range(1, 7) %}
    select
        'goal' as dimension,
        progress.goal_id as dimension_value,
        goals.period_grain,
        goals.period_start,
        progress.numerator,
        progress.denominator,
        progress.known_leaves,
        progress.leaves_hit,
        progress.leaves
    from progress_{{ level }} as progress
    inner join goals
        on progress.goal_id = goals.goal_id
    union all
    {%- endfor %}
    -- The company: the goals at the top, of one period.
    select
        'all' as dimension,
        'all' as dimension_value,
        goals.period_grain,
        goals.period_start,
        sum(case when roots.progress is not null then roots.weight * roots.progress end)
            as numerator,
        sum(case when roots.progress is not null then roots.weight end) as denominator,
        sum(roots.known_leaves) as known_leaves,
        sum(roots.leaves_hit) as leaves_hit,
        sum(roots.leaves) as leaves
    from progress_1 as roots
    inner join goals
        on roots.goal_id = goals.goal_id
    group by goals.period_grain, goals.period_start
),

cells as (
    {%- for variant, numerator, denominator, sample_size in [
        ('headline', 'numerator', 'denominator', 'known_leaves'),
        ('hit', 'leaves_hit', 'leaves', 'leaves'),
    ] %}
    select
        '{{ variant }}' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        {{ numerator }} as numerator,
        {{ denominator }} as denominator,
        {{ sample_size }} as sample_size
    from members
    where
        period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
        and dimension in ('{{ dimensions | join("', '") }}') -- noqa: LT05
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi_cells(
    'goal_progress',
    kind='ratio',
    variants={'headline': {}, 'hit': {'kind': 'rate'}},
    grains=grains,
) }}
