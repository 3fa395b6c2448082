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

    A reading (variant) says how its records become a number:
        kind          sum         the numerators added up
                      rate        numerators in their denominators: a share, with its Wilson interval
                      ratio       numerators over denominators; the former need not be part of the
                                  latter
                      score       as ratio, times 100
                      average     as ratio, with median and 90th percentile of the single numerators
                      difference  numerators less denominators
        time_basis    event       those that occurred in the period
                      cohort      those that entered in it, whatever became of them since
                      snapshot    those in stock at the end of its last day
        matures_after {days, months} after the end of a period until its number is final
        by_period     records carry period_grain and period_start
        distinct      a record_id counts once in a period and member, however often it is there
                      (its largest numerator and denominator); members may overlap
        of_total      dimensions in which a member is a share of the whole: the denominator is that
                      of the company
        min_sample    fewer records than this are too few to say a number
        is_anonymous  too few records hide the numerator too
        positive_only no number over a negative denominator

    Arguments
        dimensions    columns of `records` to cut by, one at a time
        variants      {name: reading}; `headline` is the number people quote, the others are readings
                      that may be asked for beside it
        the reading   of all variants that do not say otherwise
        grains        those the KPI has a meaning for; kpi_grains by default

    {% call kpi(…) %} select … from cells {% endcall %} adds cells made from those of the records,
    in the columns of kpi_cells().
#}
{% macro kpi(kpi_id, kind, time_basis='event', dimensions=[], variants=none, grains=none) -%}
    {%- set reading = {'kind': kind, 'time_basis': time_basis} -%}
    {%- do reading.update(kwargs) -%}
    {%- set variants = _readings(variants or {'headline': {}}, reading) -%}
    {%- set dimensions = kpi_dimensions(dimensions) -%}
    {%- set grains = kpi_grains(grains) -%}
    {%- set paths = {} -%}
    {%- for name, view in variants.items() if not view.is_derived -%}
        {%- set path = 'periods' if view.by_period
            else 'stocks' if view.time_basis == 'snapshot'
            else 'distinct_flows' if view.distinct
            else 'flows' -%}
        {%- do paths.setdefault(path, {}).update({name: view}) -%}
    {%- endfor -%}

    {%- if var('kpi_output') == 'records' -%}
select
    '{{ kpi_id }}' as kpi_id,
    records.*
from records
    {%- else -%}
{{ records_end() }}
    {%- for path, views in paths.items() %}
, counted_{{ path }} as (
    select
        {{ 'variant' if variants | length > 1
            else "cast('headline' as " ~ dbt.type_string() ~ ') as variant' }},
        {%- if path == 'periods' %}
        period_grain,
        period_start,
        {%- elif path == 'stocks' %}
        entered_on,
        left_on,
        {%- else %}
        occurred_on as day,
        {%- endif %}
        {%- if path == 'distinct_flows' %}
        record_id,
        {%- endif %}
        {{ as_number('numerator') }} as numerator,
        {{ _denominator(path, views) }} as denominator
        {%- for dimension in dimensions %},
        coalesce(cast({{ dimension }} as {{ dbt.type_string() }}), 'unassigned') as {{ dimension }}
        {%- endfor %}
    from records
    where
        {{ {'periods': 'true', 'stocks': 'entered_on <= ' ~ as_of_date()}.get(
            path, 'occurred_on <= ' ~ as_of_date()
        ) }}
        {%- if paths | length > 1 %}
        and variant in ('{{ views | join("', '") }}')
        {%- endif %}
)
    {%- endfor %}
    {%- set summed = {} -%}
    {%- for path, views in paths.items() if path in ('flows', 'distinct_flows') -%}
        {%- set sums = _variants_of(views, 'sum') -%}
        {%- if sums %}{% do summed.update({'counted_' ~ path: sums}) %}{% endif -%}
    {%- endfor -%}
    {%- if summed %}

, first_counted as (
    select min(counted.day) as day
    from (
        {%- for relation, sums in summed.items() %}
        select {{ relation }}.day from {{ relation }}
        where {{ relation }}.variant in ('{{ sums | join("', '") }}')
        {% if not loop.last %}union all{% endif %}
        {%- endfor %}
    ) as counted
)
    {%- endif %}
    {%- for path, views in paths.items() %}
,
        {%- if path == 'periods' %}
        {{ _period_cells(dimensions, grains, views) }}
        {%- elif path == 'stocks' %}
        {{ _stock_cells(dimensions, grains, views) }}
        {%- elif path == 'distinct_flows' %}
        {{ _distinct_cells(dimensions, grains, views) }}
        {%- else %}
        {{ _flow_cells(dimensions, grains, views) }}
        {%- endif %}
        {%- set averages = _variants_of(views, 'average') -%}
        {%- if averages %}
        {{ _percentiles(path, dimensions, grains, averages) }}
        {%- endif %}
    {%- endfor %}

, cells as (
    {%- for path in paths %}
    select * from cells_of_{{ path }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)
    {%- set averaged = [] -%}
    {%- for path, views in paths.items() if _variants_of(views, 'average') -%}
        {%- do averaged.append(path) -%}
    {%- endfor -%}
    {%- if averaged %}

, percentiles as (
    {%- for path in averaged %}
    select * from percentiles_of_{{ path }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)
    {%- endif %}
    {%- if caller %}

, derived_cells as (
    {{ caller() }}
)
    {%- endif %}

        {{- kpi_cells(
            kpi_id, kind, variants, grains,
            percentiles=(averaged | length > 0), has_derived=(caller is defined)
        ) -}}
    {%- endif -%}
{%- endmacro %}


{#
    The uniform output of a KPI, from a CTE `cells` with the columns variant, period_grain,
    period_start, dimension, dimension_value, numerator, denominator, sample_size. KPIs that are
    made from other KPIs end here; their records are these cells.
#}
{% macro kpi_cells(kpi_id, kind, variants, grains=none, percentiles=false, has_derived=false) -%}
    {%- if var('kpi_output') == 'records' -%}
select
    '{{ kpi_id }}' as kpi_id,
    cells.*
from cells
    {%- else -%}
    {%- set variants = _readings(variants, {'kind': kind}) -%}
    {%- set grains = kpi_grains(grains) -%}
    {%- set jalali = grains | select('in', jalali_grains()) | list -%}
    {%- set columns = [
        'variant', 'period_grain', 'period_start', 'dimension', 'dimension_value', 'numerator',
        'denominator', 'sample_size'
    ] -%}
, all_cells as (
    select
        {{ columns | join(',\n        ') }}
    from cells
    {%- if has_derived %}
    union all
    select
        {{ columns | join(',\n        ') }}
    from derived_cells
    {%- endif %}
),

bounded as (
    select
        all_cells.*,
        case all_cells.variant
            {%- for name, view in variants.items() %}
            when '{{ name }}' then '{{ view.time_basis }}'
            {%- endfor %}
        end as time_basis,
        case all_cells.period_grain
            {%- for grain in grains %}
            when '{{ grain }}' then {{ period_end('all_cells.period_start', grain) }}
            {%- endfor %}
        end as period_end
    from all_cells
    {%- if jalali %}
    left join {{ ref('dim_date') }} as calendar
        on all_cells.period_start = calendar.date_on
    {%- endif %}
),

valued as (
    select
        bounded.*,
        {{ _enough(variants) }} as is_enough,
        {{ _value(variants) }} as kpi_value
    from bounded
)

select
    cast('{{ kpi_id }}' as {{ dbt.type_string() }}) as kpi_id,
    cast(valued.variant as {{ dbt.type_string() }}) as variant,
    cast(valued.time_basis as {{ dbt.type_string() }}) as time_basis,
    cast(valued.period_grain as {{ dbt.type_string() }}) as period_grain,
    cast(valued.period_start as date) as period_start,
    cast(valued.dimension as {{ dbt.type_string() }}) as dimension,
    cast(valued.dimension_value as {{ dbt.type_string() }}) as dimension_value,
    {%- set anonymous = [] -%}
    {%- for name, view in variants.items() if view.is_anonymous -%}
        {%- do anonymous.append(name) -%}
    {%- endfor %}
    cast(
        {% if anonymous -%}
        case
            when valued.is_enough or valued.variant not in ('{{ anonymous | join("', '") }}')
                then valued.numerator
        end
        {%- else %}valued.numerator{% endif %} as decimal(38, 6)
    ) as numerator,
    {%- set sums = _variants_of(variants, 'sum') %}
    cast(
        {% if sums | length == variants | length %}null
        {%- elif sums -%}
        case
            when valued.variant not in ('{{ sums | join("', '") }}') then valued.denominator
        end
        {%- else %}valued.denominator{% endif %} as decimal(38, 6)
    ) as denominator,
    cast(case when valued.is_enough then valued.kpi_value end as {{ type_double() }}) as kpi_value,
    cast(valued.sample_size as bigint) as sample_size,
    {%- for name in ('p50', 'p90') %}
    cast(
        {{ 'case when valued.is_enough then percentiles.' ~ name ~ ' end'
            if percentiles else 'null' }} as {{ type_double() }}
    ) as {{ name }},
    {%- endfor %}
    {%- set shares = _variants_of(variants, 'rate') %}
    {%- for side in ('low', 'high') %}
    cast(
        {% if shares -%}
        case
            when valued.is_enough and valued.variant in ('{{ shares | join("', '") }}')
                then {{ wilson_bound('valued.numerator', 'valued.denominator', side) }}
        end
        {%- else %}null{% endif %} as {{ type_double() }}
    ) as ci_{{ side }},
    {%- endfor %}
    valued.period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period,
    case valued.variant
        {%- for name, view in variants.items() %}
        {%- set wait = view.get('matures_after') or {} %}
        when '{{ name }}'
            then {{ add_days(
                add_months('valued.period_end', wait.get('months', 0)), wait.get('days', 0)
            ) }} <= {{ add_days(as_of_date(), 1) }}
        {%- endfor %}
    end as is_matured
from valued
    {%- if percentiles %}
left join percentiles
    on
        valued.variant = percentiles.variant
        and valued.period_grain = percentiles.period_grain
        and valued.period_start = percentiles.period_start
        and valued.dimension = percentiles.dimension
        and valued.dimension_value = percentiles.dimension_value
    {%- endif %}
    {%- endif -%}
{%- endmacro %}


{# Every reading with what it does not say filled in. #}
{% macro _readings(variants, defaults) %}
    {%- set found = {} -%}
    {%- for name, view in variants.items() -%}
        {%- set reading = {'time_basis': 'event', 'matures_after': none, 'by_period': false,
            'distinct': false, 'of_total': [], 'min_sample': none, 'is_anonymous': false,
            'positive_only': false, 'is_derived': false} -%}
        {%- do reading.update(defaults) -%}
        {%- do reading.update(view) -%}
        {%- for key in reading if key not in ('kind', 'time_basis', 'matures_after', 'by_period',
            'distinct', 'of_total', 'min_sample', 'is_anonymous', 'positive_only', 'is_derived') -%}
            {%- do exceptions.raise_compiler_error("A reading has no property '" ~ key ~ "'.") -%}
        {%- endfor -%}
        {%- if reading.kind not in ('sum', 'rate', 'ratio', 'score', 'average', 'difference') -%}
            {%- do exceptions.raise_compiler_error("No kind of KPI: '" ~ reading.kind ~ "'.") -%}
        {%- endif -%}
        {%- do found.update({name: reading}) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{# Names of the readings of one kind. #}
{% macro _variants_of(variants, kind) %}
    {%- set found = [] -%}
    {%- for name, view in variants.items() if view.kind == kind -%}
        {%- do found.append(name) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{# The denominator of a record: of a sum 1, so that it counts; stocks say themselves. #}
{% macro _denominator(path, views) %}
    {%- set sums = _variants_of(views, 'sum') -%}
    {%- if path == 'stocks' or not sums -%}
        {{- return(as_number('denominator')) -}}
    {%- elif sums | length == views | length -%}
        {{- return('1') -}}
    {%- endif -%}
    {{- return(
        "case when variant in ('" ~ sums | join("', '") ~ "') then 1 else "
        ~ as_number('denominator') ~ ' end'
    ) -}}
{% endmacro %}

{# Whether a cell rests on enough records. #}
{% macro _enough(variants) %}
    {%- set limits = [] -%}
    {%- for name, view in variants.items() if view.min_sample -%}
        {%- do limits.append("when '" ~ name ~ "' then sample_size >= " ~ view.min_sample) -%}
    {%- endfor -%}
    {{- return(
        'case variant ' ~ limits | join(' ') ~ ' else true end' if limits else 'true'
    ) -}}
{% endmacro %}

{# The value of a cell by the kind of its reading. #}
{% macro _value(variants) -%}
    {%- set expressions = {} -%}
    {%- for name, view in variants.items() -%}
        {%- set below = 'case when denominator > 0 then denominator end'
            if view.positive_only else 'denominator' -%}
        {%- set expression -%}
            {%- if view.kind == 'sum' -%} cast(numerator as {{ type_double() }})
            {%- elif view.kind == 'difference' -%}
                cast(numerator as {{ type_double() }}) - cast(denominator as {{ type_double() }})
            {%- elif view.kind == 'score' -%} 100 * ({{ ratio('numerator', below) }})
            {%- else -%} {{ ratio('numerator', below) }}
            {%- endif -%}
        {%- endset -%}
        {%- do expressions.setdefault(expression | trim, []).append(name) -%}
    {%- endfor -%}
    {%- if expressions | length == 1 -%}
        {{ expressions.keys() | first }}
    {%- else -%}
        case
            {%- for expression, names in expressions.items() %}
            when variant in ('{{ names | join("', '") }}') then {{ expression }}
            {%- endfor %}
        end
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

{# Grains of a month and longer: for what is planned, paid or counted by the month. #}
{% macro month_grains() %}
    {{- return(['month', 'quarter', 'year', 'fiscal_quarter', 'fiscal_year'] + jalali_grains()) -}}
{% endmacro %}

{# The company as a whole and each dimension: pairs of name and the expression of its member. #}
{% macro _cuts(dimensions) %}
    {%- set cuts = [('all', "cast('all' as " ~ dbt.type_string() ~ ")")] -%}
    {%- for dimension in dimensions -%}{%- do cuts.append((dimension, dimension)) -%}{%- endfor -%}
    {{- return(cuts) -}}
{% endmacro %}

{#
    A CTE of daily sums added up to every grain. Where the relation has one row for each day and
    member already, days need no second sum.
#}
{% macro _rolled_up(name, grains, relation, is_unique=false) -%}
{{ name }} as (
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
    Where nothing counts as 0 and not as nothing: a sum has a cell for every day since the first
    record of any sum of the KPI, for the company and for each member that was active on the day.
#}
{% macro _zero_days(relation, dimensions, sums) -%}
    select
        variants.variant,
        days.day,
        'all' as dimension,
        'all' as dimension_value,
        0 as numerator,
        0 as denominator,
        0 as sample_size
    from (
        {{ day_spine('(select first_counted.day from first_counted)', as_of_date()) }}
    ) as days
    cross join (
        select distinct counted.variant from {{ relation }} as counted
        where counted.variant in ('{{ sums | join("', '") }}')
    ) as variants
    {%- set spined = dimensions | select('in', ['rep', 'location', 'collateral']) | list %}
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
    cross join (
        select distinct counted.variant from {{ relation }} as counted
        where counted.variant in ('{{ sums | join("', '") }}')
    ) as variants
    where
        members.dimension in ('{{ spined | join("', '") }}')
        and members.day >= (select first_counted.day from first_counted)
    {%- endif %}
{%- endmacro %}

{# Events and cohorts: records to days, days to the coarser periods. #}
{% macro _flow_cells(dimensions, grains, views) -%}
{%- set sums = _variants_of(views, 'sum') %}
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
    from counted_flows
    group by variant, day{% if dimension != 'all' %}, {{ member }}{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {%- if sums %}
    union all
    {{ _zero_days('counted_flows', dimensions, sums) }}
    {%- endif %}
),

{{ _rolled_up('rolled_up_flows', grains, 'day_cells', is_unique=(not sums)) }},

{{ _cells_of('flows', 'rolled_up_flows', views) }}
{%- endmacro %}

{# Records that count once however often they are there: at each grain from the records. #}
{% macro _distinct_cells(dimensions, grains, views) -%}
{%- set sums = _variants_of(views, 'sum') %}
{%- set shares = _variants_of(views, 'rate') %}
{%- if sums -%}
zero_days as (
    {{ _zero_days('counted_distinct_flows', dimensions, sums) }}
),

{{ _rolled_up('zero_periods', grains, 'zero_days') }},

{% endif -%}
distinct_cells as (
    {%- for grain in grains %}
    {%- set outer_loop = loop %}
    {%- for dimension, member in _cuts(dimensions) %}
    select
        variant,
        cast('{{ grain }}' as {{ dbt.type_string() }}) as period_grain,
        period_start,
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        dimension_value,
        sum(
            {% if shares -%}
            case
                when variant in ('{{ shares | join("', '") }}') and numerator > denominator
                    then denominator
                else numerator
            end
            {%- else %}numerator{% endif %}
        ) as numerator,
        sum(denominator) as denominator,
        count(case when denominator <> 0 then 1 end) as sample_size
    from (
        select
            variant,
            {{ period_start('day', grain) }} as period_start,
            {{ member }} as dimension_value,
            record_id,
            max(numerator) as numerator,
            max(denominator) as denominator
        from counted_distinct_flows
        {%- if grain in jalali_grains() %}
        left join {{ ref('dim_date') }} as calendar
            on counted_distinct_flows.day = calendar.date_on
        {%- endif %}
        group by
            variant,
            {{ period_start('day', grain) }},
            record_id
            {{- ', ' ~ member if dimension != 'all' }}
    ) as counted_once
    group by variant, period_start, dimension_value
    {% if not (loop.last and outer_loop.last) %}union all{% endif %}
    {%- endfor %}
    {%- endfor %}
    {%- if sums %}
    union all
    select
        variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        numerator,
        denominator,
        sample_size
    from zero_periods
    {%- endif %}
),

rolled_up_distinct_flows as (
    select
        variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        sum(sample_size) as sample_size
    from distinct_cells
    group by variant, period_grain, period_start, dimension, dimension_value
),

{{ _cells_of('distinct_flows', 'rolled_up_distinct_flows', views) }}
{%- endmacro %}

{#
    Stocks: what entered minus what left, accumulated. Each member has a cell for every period
    from its first record to as_of_date, zeros included.
#}
{% macro _stock_cells(dimensions, grains, views) %}
changes as (
    select
        counted_stocks.*,
        entered_on as day,
        1 as sign
    from counted_stocks
    where left_on is null or left_on > entered_on
    union all
    select
        counted_stocks.*,
        left_on as day,
        -1 as sign
    from counted_stocks
    where left_on > entered_on and left_on <= {{ as_of_date() }}
),

change_days as (
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

stock_members as (
    select
        variant,
        dimension,
        dimension_value,
        min(day) as first_day
    from change_days
    group by variant, dimension, dimension_value
),

stock_days as (
    {{ day_spine('(select min(counted_stocks.entered_on) from counted_stocks)', as_of_date()) }}
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
    from change_days
    union all
    select
        stock_members.variant,
        stock_days.day,
        stock_members.dimension,
        stock_members.dimension_value,
        0 as numerator,
        0 as denominator,
        0 as sample_size
    from stock_members
    inner join stock_days on stock_members.first_day <= stock_days.day
),

{{ _rolled_up('rolled_up_stocks', grains, 'spined') }},

levels as (
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
    from rolled_up_stocks
),

{{ _cells_of('stocks', 'levels', views) }}
{%- endmacro %}

{# Records that carry their period: one group by for each dimension. #}
{% macro _period_cells(dimensions, grains, views) %}
period_cells as (
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
    from counted_periods
    where period_grain in ('{{ grains | join("', '") }}')
    group by variant, period_grain, period_start{% if dimension != 'all' %}, {{ member }}{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

{{ _cells_of('periods', 'period_cells', views) }}
{%- endmacro %}

{# The cells of a path; where a member is a share of the whole, with the company's denominator. #}
{% macro _cells_of(path, relation, views) -%}
{%- set shared = {} %}
{%- for name, view in views.items() if view.of_total %}{% do shared.update({name: view}) %}{% endfor -%}
cells_of_{{ path }} as (
    {%- if not shared %}
    select
        variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        numerator,
        denominator,
        sample_size
    from {{ relation }}
    {%- else %}
    select
        members.variant,
        members.period_grain,
        members.period_start,
        members.dimension,
        members.dimension_value,
        members.numerator,
        coalesce(totals.denominator, members.denominator) as denominator,
        coalesce(totals.sample_size, members.sample_size) as sample_size
    from {{ relation }} as members
    left join {{ relation }} as totals
        on
            members.variant = totals.variant
            and members.period_grain = totals.period_grain
            and members.period_start = totals.period_start
            and totals.dimension = 'all'
            and (
                {%- for name, view in shared.items() %}
                (members.variant = '{{ name }}' and members.dimension in ('{{ view.of_total | join("', '") }}'))
                {{- ' or' if not loop.last }}
                {%- endfor %}
            )
    {%- endif %}
)
{%- endmacro %}

{# Median and 90th percentile of the single numerators, at each grain from the records. #}
{% macro _percentiles(path, dimensions, grains, averages) %}
{%- set by_period = path == 'periods' -%}
,

single_values_of_{{ path }} as (
    {%- for dimension, member in _cuts(dimensions) %}
    select
        variant,
        {{ 'period_grain, period_start' if by_period else 'day' }},
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ member }} as dimension_value,
        cast(numerator as {{ type_double() }}) as single_value
    from counted_{{ path }}
    where denominator <> 0 and variant in ('{{ averages | join("', '") }}')
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

percentiles_of_{{ path }} as (
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
    from single_values_of_{{ path }}
    {%- if grain in jalali_grains() %}
    left join {{ ref('dim_date') }} as calendar
        on single_values_of_{{ path }}.day = calendar.date_on
    {%- endif %}
    group by variant, {{ 'period_grain, ' if by_period }}{{ start }}, dimension, dimension_value
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)
{%- endmacro %}

{#
    Comments on the columns of a KPI table. All KPIs share one shape, which is described once, in
    the YAML of kpi_values.
#}
{% macro describe_shared_columns() -%}
    {%- if execute -%}
    {{ alter_column_comment(this, graph.nodes['model.' ~ project_name ~ '.kpi_values'].columns) }}
    {%- endif -%}
{%- endmacro %}
