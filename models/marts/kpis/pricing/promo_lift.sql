-- Promotion lift: how many more units a location sold with a promotion than before it, less what a
-- location without the promotion gained in the same time. A trial counts when its promotion began.
{%- set grains = ['month', 'quarter', 'year'] %}
with trials as (
    select * from {{ ref('fct_promo_experiments') }}
),

readings as (
    {%- for variant, measure in [('headline', 'quantity'), ('revenue', 'net_amount')] %}
    select
        '{{ variant }}' as variant,
        trials.*,
        cast(treated_post_{{ measure }} - treated_pre_{{ measure }} as {{ type_double() }})
            as numerator,
        cast(control_post_{{ measure }} - control_pre_{{ measure }} as {{ type_double() }})
            as denominator
    from trials
    union all
    {%- endfor %}
    -- February is shorter than January.
    select
        'per_day' as variant,
        trials.*,
        ({{ ratio('treated_post_quantity', 'post_days') }})
        - ({{ ratio('treated_pre_quantity', 'pre_days') }}) as numerator,
        ({{ ratio('control_post_quantity', 'post_days') }})
        - ({{ ratio('control_pre_quantity', 'pre_days') }}) as denominator
    from trials
    union all
    -- (treated post ÷ treated pre) ÷ (control post ÷ control pre) − 1, as one fraction.
    select
        'relative' as variant,
        trials.*,
        cast(treated_post_quantity as {{ type_double() }}) * control_pre_quantity
        - cast(treated_pre_quantity as {{ type_double() }}) * control_post_quantity as numerator,
        case
            when treated_pre_quantity <> 0 and control_pre_quantity <> 0
                then cast(treated_pre_quantity as {{ type_double() }}) * control_post_quantity
        end as denominator
    from trials
    union all
    select
        'pre_gap' as variant,
        trials.*,
        cast(abs(treated_pre_quantity - control_pre_quantity) as {{ type_double() }}) as numerator,
        0.5 * cast(treated_pre_quantity + control_pre_quantity as {{ type_double() }})
            as denominator
    from trials
    union all
    -- Locations that differed before, or a control with a promotion of its own, prove nothing.
    select
        'is_valid' as variant,
        trials.*,
        case when is_similar_before and not has_disturbed_control then 1 else 0 end as numerator,
        1 as denominator
    from trials
    union all
    select
        'later_returns' as variant,
        trials.*,
        cast(later_returned_quantity as {{ type_double() }}) as numerator,
        cast(null as {{ type_double() }}) as denominator
    from trials
),

dated as (
    {{ in_periods('readings', 'post_start', kpi_grains(grains)) }}
),

-- A share of what one trial sold cannot be added to that of another. Decimals, whose sums do not
-- depend on the order of their parts.
cells as (
    {%- for dimension, member in [
        ('all', "'all'"), ('experiment', 'experiment_id'), ('promotion_type', 'promotion_type')
    ] if dimension == 'all' or kpi_dimensions([dimension]) %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        variant,
        period_grain,
        period_start,
        '{{ dimension }}' as dimension,
        {{ member }} as dimension_value,
        sum(cast(numerator as decimal(38, 12))) as numerator,
        sum(cast(denominator as decimal(38, 12))) as denominator,
        count(*) as sample_size
    from dated
    {%- if dimension != 'experiment' %}
    where variant not in ('relative', 'pre_gap')
    {%- endif %}
    group by variant, period_grain, period_start{{ '' if dimension == 'all' else ', ' ~ member }}
    {%- endfor %}
)

{{ kpi_cells(
    'promo_lift',
    kind='difference',
    variants={
        'headline': {},
        'revenue': {},
        'per_day': {},
        'relative': {'kind': 'ratio'},
        'pre_gap': {'kind': 'ratio'},
        'is_valid': {'kind': 'rate'},
        'later_returns': {'kind': 'sum'},
    },
    grains=grains,
) }}
