{#
    The roll-up of every KPI. Mechanics only: which record counts, and when, stands in the KPI.

    A KPI model ends in a CTE `records`, one row per thing that counts, with the columns
        record_id                what it is, so that a number can be opened down to its rows
        occurred_on              the business date on which it counts, or
        entered_on, left_on      (snapshots) first day in stock, first day out of it or null, or
        period_grain, period_start   (by_period) the period it was assigned to
        numerator, denominator   numbers, or booleans that count as 1 and 0
        variant                  which reading the row belongs to, where there are several
        one column per dimension

    kind says how records become a value:
        sum       the numerators added up
        rate      numerators in their denominators: a share, with its Wilson interval
        ratio     numerators over denominators, where the former need not be part of the latter
        average   as ratio, with the median and the 90th percentile of the single numerators
    and the time basis which records belong to a period:
        event     those that occurred in it
        cohort    those that entered in it, whatever became of them since
        snapshot  those in stock at the end of its last day

    Arguments
        dimensions     columns of `records` to cut by, one at a time
        variants       {name: {time_basis, kind, matures_after}}; `headline` is the number people
                       quote, the others are readings that may be asked for beside it
        time_basis, matures_after   of the headline, where it is the only variant
        matures_after  {days, months} after the end of a period until its number is final
        by_period      records carry period_grain and period_start
        grains         those the KPI has a meaning for; kpi_grains by default
#}
{% macro kpi(
    kpi_id, kind, time_basis='event', dimensions=[], variants=none, matures_after=none,
    by_period=false, grains=none
) -%}
    {%- set variants = variants or {
        'headline': {'time_basis': time_basis, 'matures_after': matures_after}
    } -%}
    {%- set several = variants | length > 1 -%}
    {%- set dimensions = kpi_dimensions(dimensions) -%}
    {%- set grains = kpi_grains(grains) -%}
    {%- set stocks = [] -%}
    {%- set flows = [] -%}
    {%- for name, view in variants.items() -%}
        {%- do (stocks if view.time_basis == 'snapshot' else flows).append(name) -%}
    {%- endfor -%}
    {%- if stocks and flows -%}
        {%- do exceptions.raise_compiler_error(
            kpi_id ~ ': a snapshot has records of another shape and needs a KPI of its own.'
        ) -%}
    {%- endif -%}

    {%- if var('kpi_output') == 'records' -%}
select
    '{{ kpi_id }}' as kpi_id,
    records.*
from records
    {%- else -%}
, counted as (
    select
        {{ 'variant' if several else "cast('headline' as " ~ dbt.type_string() ~ ') as variant' }},
        {%- if by_period %}
        period_grain,
        period_start,
        {%- elif stocks %}
        entered_on,
        left_on,
        {%- else %}
        occurred_on as day,
        {%- endif %}
        {{ as_number('numerator') }} as numerator,
        {{ as_number('denominator') if kind != 'sum' or stocks else 1 }} as denominator
        {%- for dimension in dimensions %},
        coalesce(cast({{ dimension }} as {{ dbt.type_string() }}), 'unassigned') as {{ dimension }}
        {%- endfor %}
    from records
    {%- if not by_period %}
    where {{ 'entered_on' if stocks else 'occurred_on' }} <= {{ as_of_date() }}
    {%- endif %}
),
    {%- if by_period %}
        {{ _period_cells(dimensions, grains) }}
    {%- elif stocks %}
        {{ _stock_cells(dimensions, grains) }}
    {%- else %}
        {{ _flow_cells(dimensions, grains, kind) }}
    {%- endif %}
    {%- if kind == 'average' %}
        {{ _percentiles(dimensions, grains, by_period) }}
    {%- endif %}

        {{- kpi_cells(kpi_id, kind, variants, grains, percentiles=(kind == 'average')) -}}
    {%- endif -%}
{%- endmacro %}


{#
    The uniform output of a KPI, from a CTE `cells` with the columns variant, period_grain,
    period_start, dimension, dimension_value, numerator, denominator, sample_size. KPIs that are
    made from other KPIs end here; their records are these cells.
#}
{% macro kpi_cells(kpi_id, kind, variants, grains=none, percentiles=false) -%}
    {%- if var('kpi_output') == 'records' -%}
select
    '{{ kpi_id }}' as kpi_id,
    cells.*
from cells
    {%- else -%}
    {%- set grains = kpi_grains(grains) -%}
    {%- set shares = [] -%}
    {%- for name, view in variants.items() if view.get('kind', kind) == 'rate' -%}
        {%- do shares.append(name) -%}
    {%- endfor -%}
    {%- set jalali = grains | select('in', jalali_grains()) | list -%}
, bounded as (
    select
        cells.*,
        case cells.variant
            {%- for name, view in variants.items() %}
            when '{{ name }}' then '{{ view.time_basis }}'
            {%- endfor %}
        end as time_basis,
        case cells.period_grain
            {%- for grain in grains %}
            when '{{ grain }}' then {{ period_end('cells.period_start', grain) }}
            {%- endfor %}
        end as period_end
    from cells
    {%- if jalali %}
    left join {{ ref('dim_date') }} as calendar
        on cells.period_start = calendar.date_on
    {%- endif %}
)

select
    cast('{{ kpi_id }}' as {{ dbt.type_string() }}) as kpi_id,
    cast(bounded.variant as {{ dbt.type_string() }}) as variant,
    cast(bounded.time_basis as {{ dbt.type_string() }}) as time_basis,
    cast(bounded.period_grain as {{ dbt.type_string() }}) as period_grain,
    cast(bounded.period_start as date) as period_start,
    cast(bounded.dimension as {{ dbt.type_string() }}) as dimension,
    cast(bounded.dimension_value as {{ dbt.type_string() }}) as dimension_value,
    cast(bounded.numerator as decimal(38, 6)) as numerator,
    cast(
        {% if kind == 'sum' %}null{% else %}bounded.denominator{% endif %} as decimal(38, 6)
    ) as denominator,
    cast(
        {% if kind == 'sum' -%}
            bounded.numerator
        {%- else -%}
            {{ ratio('bounded.numerator', 'bounded.denominator') }}
        {%- endif %} as {{ type_double() }}
    ) as kpi_value,
    cast(bounded.sample_size as bigint) as sample_size,
    cast({{ 'percentiles.p50' if percentiles else 'null' }} as {{ type_double() }}) as p50,
    cast({{ 'percentiles.p90' if percentiles else 'null' }} as {{ type_double() }}) as p90,
    {%- for side in ('low', 'high') %}
    cast(
        {% if shares -%}
        case
            when bounded.variant in ('{{ shares | join("', '") }}')
                then {{ wilson_bound('bounded.numerator', 'bounded.denominator', side) }}
        end
        {%- else %}null{% endif %} as {{ type_double() }}
    ) as ci_{{ side }},
    {%- endfor %}
    bounded.period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period,
    case bounded.variant
        {%- for name, view in variants.items() %}
        {%- set wait = view.get('matures_after') or {} %}
        when '{{ name }}'
            then {{ add_days(
                add_months('bounded.period_end', wait.get('months', 0)), wait.get('days', 0)
            ) }} <= {{ add_days(as_of_date(), 1) }}
        {%- endfor %}
    end as is_matured
from bounded
    {%- if percentiles %}
left join percentiles
    on
        bounded.variant = percentiles.variant
        and bounded.period_grain = percentiles.period_grain
        and bounded.period_start = percentiles.period_start
        and bounded.dimension = percentiles.dimension
        and bounded.dimension_value = percentiles.dimension_value
    {%- endif %}
    {%- endif -%}
{%- endmacro %}


{# The grains a KPI is rolled up to: those asked for among those it has a meaning for. #}
{% macro kpi_grains(grains=none) %}
    {%- set wanted = var('kpi_grains') -%}
    {{- return(wanted if grains is none else (wanted | select('in', grains) | list)) -}}
{% endmacro %}

{# The dimensions a KPI is cut by: those it declares among those asked for. #}
{% macro kpi_dimensions(dimensions) %}
    {%- set wanted = var('kpi_dimensions') -%}
    {{- return(dimensions if wanted == 'all' else (dimensions | select('in', wanted) | list)) -}}
{% endmacro %}

{% macro jalali_grains() %}{{ return(['jalali_month', 'jalali_quarter', 'jalali_year']) }}{% endmacro %}

{# The company as a whole and each dimension: pairs of name and the expression of its member. #}
{% macro _cuts(dimensions) %}
    {%- set cuts = [('all', "cast('all' as " ~ dbt.type_string() ~ ")")] -%}
    {%- for dimension in dimensions -%}{%- do cuts.append((dimension, dimension)) -%}{%- endfor -%}
    {{- return(cuts) -}}
{% endmacro %}

{#
    A CTE `rolled_up`: daily sums of a relation added up to every grain. Where the relation has one
    row for each day and member already, days need no second sum.
#}
{% macro _rolled_up(grains, relation, is_unique=false) -%}
rolled_up as (
    {%- for grain in grains %}
    select
        variant,
        cast('{{ grain }}' as {{ dbt.type_string() }}) as period_grain,
        {{ period_start('day', grain) }} as period_start,
        dimension,
        dimension_value,
        {%- for measure in ('numerator', 'denominator', 'sample_size') %}
        {{ measure if is_unique and grain == 'day' else 'sum(' ~ measure ~ ') as ' ~ measure }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {%- if grain in jalali_grains() %}
    left join {{ ref('dim_date') }} as calendar
        on {{ relation }}.day = calendar.date_on
    {%- endif %}
    {%- if not (is_unique and grain == 'day') %}
    group by variant, {{ period_start('day', grain) }}, dimension, dimension_value
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)
{%- endmacro %}

{#
    Events and cohorts: records to days, days to the coarser periods. A sum has a cell for every
    day on which a rep or a location was active, so that nothing sold reads 0 and not nothing.
#}
{% macro _flow_cells(dimensions, grains, kind) %}
day_cells as (
    {%- for dimension, member in _cuts(dimensions) %}
    select
        variant,
        day,
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ member }} as dimension_value,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(case when denominator <> 0 then 1 end) as sample_size
    from counted
    group by variant, day{% if dimension != 'all' %}, {{ member }}{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {%- if kind == 'sum' %}
    union all
    select
        variants.variant,
        days.day,
        'all' as dimension,
        'all' as dimension_value,
        0 as numerator,
        0 as denominator,
        0 as sample_size
    from (
        {{ day_spine('(select min(counted.day) from counted)', as_of_date()) }}
    ) as days
    cross join (select distinct counted.variant from counted) as variants
    {%- set spined = dimensions | select('in', ['rep', 'location']) | list %}
    {%- if spined %}
    union all
    select
        variants.variant,
        members.day,
        members.dimension,
        members.dimension_value,
        0 as numerator,
        0 as denominator,
        0 as sample_size
    from {{ ref('int_active_member_days') }} as members
    cross join (select distinct counted.variant from counted) as variants
    where
        members.dimension in ('{{ spined | join("', '") }}')
        and members.day >= (select min(counted.day) from counted)
    {%- endif %}
    {%- endif %}
),

{{ _rolled_up(grains, 'day_cells', is_unique=(kind != 'sum')) }},

cells as (
    select * from rolled_up
)
{%- endmacro %}

{#
    Stocks: what entered minus what left, accumulated. Each member has a cell for every period
    from its first record to as_of_date, zeros included.
#}
{% macro _stock_cells(dimensions, grains) %}
changes as (
    select
        counted.*,
        entered_on as day,
        1 as sign
    from counted
    where left_on is null or left_on > entered_on
    union all
    select
        counted.*,
        left_on as day,
        -1 as sign
    from counted
    where left_on > entered_on and left_on <= {{ as_of_date() }}
),

day_cells as (
    {%- for dimension, member in _cuts(dimensions) %}
    select
        variant,
        day,
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ member }} as dimension_value,
        sum(sign * numerator) as numerator,
        sum(sign * denominator) as denominator,
        sum(case when denominator <> 0 then sign else 0 end) as sample_size
    from changes
    group by variant, day{% if dimension != 'all' %}, {{ member }}{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

members as (
    select
        variant,
        dimension,
        dimension_value,
        min(day) as first_day
    from day_cells
    group by variant, dimension, dimension_value
),

days as (
    {{ day_spine('(select min(counted.entered_on) from counted)', as_of_date()) }}
),

spined as (
    select
        variant,
        day,
        dimension,
        dimension_value,
        numerator,
        denominator,
        sample_size
    from day_cells
    union all
    select
        members.variant,
        days.day,
        members.dimension,
        members.dimension_value,
        0 as numerator,
        0 as denominator,
        0 as sample_size
    from members
    inner join days on members.first_day <= days.day
),

{{ _rolled_up(grains, 'spined') }},

cells as (
    select
        variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        {%- for measure in ('numerator', 'denominator', 'sample_size') %}
        sum({{ measure }}) over (
            partition by variant, period_grain, dimension, dimension_value
            order by period_start
            rows between unbounded preceding and current row
        ) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from rolled_up
)
{%- endmacro %}

{# Records that carry their period: one group by for each dimension. #}
{% macro _period_cells(dimensions, grains) %}
cells as (
    {%- for dimension, member in _cuts(dimensions) %}
    select
        variant,
        period_grain,
        period_start,
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ member }} as dimension_value,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(case when denominator <> 0 then 1 end) as sample_size
    from counted
    where period_grain in ('{{ grains | join("', '") }}')
    group by variant, period_grain, period_start{% if dimension != 'all' %}, {{ member }}{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)
{%- endmacro %}

{# Median and 90th percentile of the single numerators, at each grain from the records. #}
{% macro _percentiles(dimensions, grains, by_period) %},

member_records as (
    {%- for dimension, member in _cuts(dimensions) %}
    select
        variant,
        {{ 'period_grain, period_start' if by_period else 'day' }},
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ member }} as dimension_value,
        cast(numerator as {{ type_double() }}) as single_value
    from counted
    where denominator <> 0
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

percentiles as (
    {%- for grain in (['given'] if by_period else grains) %}
    {%- set start = 'period_start' if by_period else period_start('day', grain) %}
    select
        variant,
        {% if by_period %}period_grain{% else -%}
        cast('{{ grain }}' as {{ dbt.type_string() }}) as period_grain
        {%- endif %},
        {{ start }} as period_start,
        dimension,
        dimension_value,
        round(percentile_cont(0.5) within group (order by single_value), 6) as p50,
        round(percentile_cont(0.9) within group (order by single_value), 6) as p90
    from member_records
    {%- if grain in jalali_grains() %}
    left join {{ ref('dim_date') }} as calendar
        on member_records.day = calendar.date_on
    {%- endif %}
    group by variant, {{ 'period_grain, ' if by_period }}{{ start }}, dimension, dimension_value
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)
{%- endmacro %}

{# Grains in which a base at the start of the period makes sense. #}
{% macro customer_period_grains() %}
    {{- return(['month', 'quarter', 'year', 'fiscal_quarter', 'fiscal_year'] + jalali_grains()) -}}
{% endmacro %}

{#
    Comments on the columns of a KPI table. All KPIs share one shape, which is described once, in
    the YAML of kpi_values.
#}
{% macro describe_shared_columns() -%}
    {%- if execute -%}
    {{ alter_column_comment(this, graph.nodes['model.' ~ project_name ~ '.kpi_values'].columns) }}
    {%- endif -%}
{%- endmacro %}
