{#
    The readings of a conversion, for KPIs that ask which of those who entered a state reached the
    next. From a relation with one row per entrant (record_id, entered_on, reached_on, is_open and
    the dimensions) to records:
        to_date          cohort of entry: reached by as_of_date
        within_horizon   cohort of entry: reached in at most conversion_horizon_days
        still_open       cohort of entry: neither reached nor given up; explains a low young cohort
        by_event         reached in a period over entered in it, whoever it was; may exceed 1
    One of the first two is the `headline`.
#}
{% macro conversion_records(relation, dimensions, headline='to_date') -%}
    {%- set reached = {
        'to_date': 'reached_on is not null',
        'within_horizon': within_days('entered_on', 'reached_on', var('conversion_horizon_days')),
        'still_open': 'reached_on is null and is_open',
    } -%}
    {%- for name, condition in reached.items() %}
    select
        '{{ 'headline' if name == headline else name }}' as variant,
        record_id,
        entered_on as occurred_on,
        {{ condition }} as numerator,
        true as denominator
        {%- for dimension in dimensions %},
        {{ dimension }}
        {%- endfor %}
    from {{ relation }}
    union all
    {%- endfor %}
    {%- for day, is_reached in [('entered_on', false), ('reached_on', true)] %}
    select
        'by_event' as variant,
        record_id,
        {{ day }} as occurred_on,
        {{ is_reached }} as numerator,
        {{ not is_reached }} as denominator
        {%- for dimension in dimensions %},
        {{ dimension }}
        {%- endfor %}
    from {{ relation }}
    where {{ day }} is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{# The readings of a conversion as kpi() wants them. #}
{% macro conversion_variants(headline='to_date') %}
    {%- set horizon = {'days': var('conversion_horizon_days')} -%}
    {%- set variants = {} -%}
    {%- for name in ['to_date', 'within_horizon', 'still_open'] -%}
        {%- do variants.update({
            'headline' if name == headline else name:
                {'time_basis': 'cohort', 'matures_after': horizon}
        }) -%}
    {%- endfor -%}
    {%- do variants.update({'by_event': {'time_basis': 'event', 'kind': 'ratio'}}) -%}
    {{- return(variants) -}}
{% endmacro %}
