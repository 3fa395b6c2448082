-- One row per restated cell and record that counts otherwise in it than when the cell was said.
{%- set cell = [
    'kpi_id', 'variant', 'period_grain', 'period_start', 'dimension', 'dimension_value',
    'publication_number'
] %}
{%- set measures = [
    'numerator_before', 'numerator_after', 'denominator_before', 'denominator_after'
] %}
{%- set no_dimensions = [
    'variant', 'record_id', 'occurred_on', 'entered_on', 'left_on', 'period_grain', 'period_start',
    'numerator', 'denominator'
] %}
{%- set comparable = comparable_records(ref('kpi_restatements'), ref('publication')) %}
with past as (
    {{ said_before('scorecard', 'kpi_restatement_records', {
        'kpi_id': dbt.type_string(),
        'variant': dbt.type_string(),
        'period_grain': dbt.type_string(),
        'period_start': 'date',
        'dimension': dbt.type_string(),
        'dimension_value': dbt.type_string(),
        'publication_number': 'integer',
        'record_id': dbt.type_string(),
        'change': dbt.type_string(),
        'numerator_before': 'decimal(28, 6)',
        'numerator_after': 'decimal(28, 6)',
        'denominator_before': 'decimal(28, 6)',
        'denominator_after': 'decimal(28, 6)',
    }) | indent(4) }}
),

restated as (
    select kpi_restatements.*
    from {{ ref('kpi_restatements') }} as kpi_restatements
    inner join {{ ref('publication') }} as publication
        on kpi_restatements.publication_number = publication.publication_number
    where kpi_restatements.cause in ('records', 'later_events')
),

{% for kpi, columns in comparable.items() -%}
{%- set listed = columns | join(', ') -%}
gone_from_{{ kpi }} as (
    select {{ listed }} from previous.records.{{ kpi }}
    except all
    select {{ listed }} from {{ ref('publication').database }}.records.{{ kpi }}
),

come_to_{{ kpi }} as (
    select {{ listed }} from {{ ref('publication').database }}.records.{{ kpi }}
    except all
    select {{ listed }} from previous.records.{{ kpi }}
),

changed_in_{{ kpi }} as (
    select
        true as is_before,
        gone_from_{{ kpi }}.*
    from gone_from_{{ kpi }}
    union all
    select
        false as is_before,
        come_to_{{ kpi }}.*
    from come_to_{{ kpi }}
),

{% endfor -%}
affected as (
    {%- for kpi, columns in comparable.items() %}
    {%- set conditions = [] %}
    {%- if 'occurred_on' in columns %}{% do conditions.append(
        '(changed.occurred_on >= restated.period_start and changed.occurred_on < restated.period_end)'
    ) %}{% endif %}
    {%- if 'entered_on' in columns %}{% do conditions.append(
        '(changed.entered_on < restated.period_end'
        ' and (changed.left_on is null or changed.left_on >= restated.period_end))'
    ) %}{% endif %}
    {%- if 'period_start' in columns %}{% do conditions.append(
        '(changed.period_grain = restated.period_grain'
        ' and changed.period_start = restated.period_start)'
    ) %}{% endif %}
    {%- for dimension in ['all'] + columns | reject('in', no_dimensions) | list %}
    select
        restated.kpi_id,
        restated.variant,
        restated.period_grain,
        restated.period_start,
        restated.dimension,
        restated.dimension_value,
        restated.publication_number,
        cast(changed.record_id as {{ dbt.type_string() }}) as record_id,
        changed.is_before,
        {{ as_number('changed.numerator') }} as numerator,
        {{ as_number('changed.denominator' if 'denominator' in columns else 'null') }} as denominator
    from restated
    inner join changed_in_{{ kpi }} as changed
        on
            restated.kpi_id = '{{ kpi }}'
            and restated.dimension = '{{ dimension }}'
            and restated.dimension_value = {{ "'all'" if dimension == 'all'
                else 'coalesce(cast(changed.' ~ dimension ~ ' as ' ~ dbt.type_string() ~ "), 'unassigned')" }}
            and restated.variant = {{ 'changed.variant' if 'variant' in columns else "'headline'" }}
            and ({{ conditions | join(' or ') }})
    union all
    {%- endfor %}
    {%- endfor %}
    select
        {%- for column in cell %}
        {{ column }},
        {%- endfor %}
        cast(null as {{ dbt.type_string() }}) as record_id,
        true as is_before,
        cast(null as decimal(28, 6)) as numerator,
        cast(null as decimal(28, 6)) as denominator
    from restated
    where false
)

select
    {{ (cell + ['record_id', 'change'] + measures) | join(',\n    ') }}
from past
union all
select
    {{ cell | join(',\n    ') }},
    record_id,
    case
        when max(case when is_before then 1 else 0 end) = 0 then 'added'
        when min(case when is_before then 1 else 0 end) = 1 then 'removed'
        else 'changed'
    end as change,
    cast(sum(case when is_before then numerator end) as decimal(28, 6)) as numerator_before,
    cast(sum(case when not is_before then numerator end) as decimal(28, 6)) as numerator_after,
    cast(sum(case when is_before then denominator end) as decimal(28, 6)) as denominator_before,
    cast(sum(case when not is_before then denominator end) as decimal(28, 6)) as denominator_after
from affected
group by
    {{ cell | join(',\n    ') }},
    record_id
