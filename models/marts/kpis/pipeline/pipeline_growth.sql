-- Pipeline growth: the change of the open pipeline over a period, as a share of what it was, and
-- the movements that make up the change.
{%- set grains = kpi_grains(month_grains()) %}
{%- set dimensions = ['rep', 'team', 'territory', 'segment', 'motion'] %}
with pipeline as (
    select
        period_grain,
        period_start,
        dimension,
        dimension_value,
        numerator as amount,
        coalesce(
            lag(numerator) over (
                partition by period_grain, dimension, dimension_value
                order by period_start
            ),
            0
        ) as previous_amount,
        sample_size
    from {{ ref('open_pipeline_value') }}
    where
        variant = 'headline'
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
        and dimension in ('{{ (['all'] + kpi_dimensions(dimensions)) | join("', '") }}') -- noqa: LT05
),

movements as (
    select * from {{ ref('fct_pipeline_movements') }}
),

records as (
    select
        case when movement = 'amount_change' then 'amount_changes' else movement end as variant,
        opportunity_id as record_id,
        occurred_on,
        amount_change as numerator,
        owner_rep_id as rep,
        team_id as team,
        territory_id as territory,
        segment,
        motion
    from movements
)

{% call kpi(
    'pipeline_growth',
    kind='sum',
    time_basis='event',
    grains=grains,
    dimensions=dimensions,
    variants={
        'headline': {'kind': 'ratio', 'is_derived': true},
        'created': {},
        'reopened': {},
        'amount_changes': {},
        'won': {},
        'lost': {},
        'closed_other': {},
        'moved': {},
    },
) %}
select
        'headline' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        amount - previous_amount as numerator,
        previous_amount as denominator,
        sample_size
    from pipeline
{% endcall %}
