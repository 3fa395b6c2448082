{# Seconds worked in an office up to a moment, from the row of its day in dim_working_hours. #}
{% macro worked_until(hours, moment) -%}
    {{ hours }}.working_seconds_before + case
        when {{ hours }}.working_seconds > 0
            then least(
                greatest({{ seconds_between(hours ~ '.opens_at', moment) }}, 0),
                {{ hours }}.working_seconds
            )
        else 0
    end
{%- endmacro %}
