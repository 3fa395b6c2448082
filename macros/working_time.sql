{#
    Working time. Local time is what a clock on the wall of an office shows; the two macros that
    turn it from and into UTC are dispatched, as those of portable.sql.
#}

{# The local time, without a zone, of a UTC timestamp in a time zone (a quoted name or a column). #}
{% macro local_time(timestamp, time_zone) -%}
    {{- return(adapter.dispatch('local_time')(timestamp, time_zone)) -}}
{%- endmacro %}
{% macro default__local_time(timestamp, time_zone) -%}
    ({{ timestamp }} at time zone 'UTC' at time zone {{ time_zone }})
{%- endmacro %}
{% macro spark__local_time(timestamp, time_zone) -%}
    from_utc_timestamp({{ timestamp }}, {{ time_zone }})
{%- endmacro %}

{#
    The UTC timestamp at which a clock in a time zone shows a time on a date. A time that is skipped
    or comes twice when clocks are changed is taken as the engine takes it.
#}
{% macro utc_of_office_time(date, time_of_day, time_zone) -%}
    {{- return(adapter.dispatch('utc_of_office_time')(date, time_of_day, time_zone)) -}}
{%- endmacro %}
{% macro default__utc_of_office_time(date, time_of_day, time_zone) -%}
    (({{ date }} + {{ time_of_day }}) at time zone {{ time_zone }} at time zone 'UTC')
{%- endmacro %}
{% macro spark__utc_of_office_time(date, time_of_day, time_zone) -%}
    to_utc_timestamp(
        cast(concat(cast({{ date }} as string), ' ', {{ time_of_day }}) as timestamp),
        {{ time_zone }}
    )
{%- endmacro %}

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
