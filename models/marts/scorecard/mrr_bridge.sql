-- How recurring revenue got from the end of one period to the end of the next. Each customer's
-- change is one movement; what an exchange rate did between the periods is a part of its own.
{%- set grains = kpi_grains(var('scorecard_grains')) %}
{%- set dimensions = {
    'rep': 'rep_id',
    'account_manager': 'account_manager_rep_id',
    'segment': 'segment',
    'vertical': 'vertical',
    'channel': 'source_channel',
} %}
with customer_periods as (
    select * from {{ ref('fct_customer_periods') }}
    where period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
),

cuts as (
    {%- for dimension in ['all'] + kpi_dimensions(dimensions | list) %}
    select
        period_grain,
        period_start,
        period_end,
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ "cast('all' as " ~ dbt.type_string() ~ ')' if dimension == 'all'
            else dimensions[dimension] }} as dimension_value,
        mrr_movement,
        coalesce(mrr_at_start, 0) as mrr_at_start,
        coalesce(mrr_at_end, 0) as mrr_at_end,
        mrr_at_end - mrr_at_start as change
    from customer_periods
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

added as (
    select
        period_grain,
        period_start,
        period_end,
        dimension,
        dimension_value,
        {%- for movement in ['new', 'reactivation', 'expansion', 'contraction', 'churn'] %}
        sum(case when mrr_movement = '{{ movement }}' then change else 0 end) as {{ movement }},
        {%- endfor %}
        sum(mrr_at_start) as mrr_revalued,
        sum(mrr_at_end) as mrr_at_end
    from cuts
    group by period_grain, period_start, period_end, dimension, dimension_value
),

-- A member without customers in the period before ended it with nothing.
chained as (
    select
        added.*,
        coalesce(previous.mrr_at_end, 0) as mrr_at_start
    from added
    left join added as previous
        on
            added.period_grain = previous.period_grain
            and added.period_start = previous.period_end
            and added.dimension = previous.dimension
            and added.dimension_value = previous.dimension_value
)

select
    period_grain,
    period_start,
    dimension,
    dimension_value,
    cast(mrr_at_start as decimal(18, 2)) as mrr_at_start,
    cast(mrr_revalued - mrr_at_start as decimal(18, 2)) as revaluation,
    {%- for movement in ['new', 'reactivation', 'expansion', 'contraction', 'churn'] %}
    cast({{ movement }} as decimal(18, 2)) as {{ movement }},
    {%- endfor %}
    cast(mrr_at_end as decimal(18, 2)) as mrr_at_end,
    period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period
from chained
