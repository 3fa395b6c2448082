{#
    What differs between engines, and nothing else. Each macro is dispatched: another engine adds
    its own `<engine>__<name>` here and no model changes.
#}

{# A 64-bit float. dbt.type_float() is 32 bits on some engines. #}
{% macro type_double() %}{{ return(adapter.dispatch('type_double')()) }}{% endmacro %}
{% macro default__type_double() %}double{% endmacro %}
{% macro postgres__type_double() %}double precision{% endmacro %}

{# A number or a boolean as an exact decimal: true is 1, false is 0. #}
{% macro as_number(expression) %}{{ return(adapter.dispatch('as_number')(expression)) }}{% endmacro %}
{% macro default__as_number(expression) %}cast({{ expression }} as decimal(28, 6)){% endmacro %}

{# A date plus a whole number of days (an expression or a number). #}
{% macro add_days(date, days) %}{{ return(adapter.dispatch('add_days')(date, days)) }}{% endmacro %}
{% macro default__add_days(date, days) %}cast({{ date }} + cast({{ days }} as integer) as date){% endmacro %}
{% macro spark__add_days(date, days) %}date_add({{ date }}, cast({{ days }} as integer)){% endmacro %}

{# A date plus whole months; the 31st becomes the last day of a shorter month. #}
{% macro add_months(date, months) %}{{ return(adapter.dispatch('add_months')(date, months)) }}{% endmacro %}
{% macro default__add_months(date, months) -%}
    cast({{ date }} + cast({{ months }} as integer) * interval '1 month' as date)
{%- endmacro %}
{% macro spark__add_months(date, months) %}add_months({{ date }}, cast({{ months }} as integer)){% endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(earlier, later) %}{{ return(adapter.dispatch('days_between')(earlier, later)) }}{% endmacro %}
{% macro default__days_between(earlier, later) %}date_diff('day', {{ earlier }}, {{ later }}){% endmacro %}
{% macro postgres__days_between(earlier, later) %}({{ later }} - {{ earlier }}){% endmacro %}
{% macro spark__days_between(earlier, later) %}datediff({{ later }}, {{ earlier }}){% endmacro %}

{# Seconds from one timestamp to another, with fractions. #}
{% macro seconds_between(earlier, later) %}{{ return(adapter.dispatch('seconds_between')(earlier, later)) }}{% endmacro %}
{% macro default__seconds_between(earlier, later) -%}
    (epoch({{ later }}) - epoch({{ earlier }}))
{%- endmacro %}
{% macro postgres__seconds_between(earlier, later) -%}
    extract(epoch from {{ later }} - {{ earlier }})
{%- endmacro %}

{# What a clock on the wall shows at a UTC timestamp in a time zone (a quoted name or a column). #}
{% macro local_time(timestamp, time_zone) %}{{ return(adapter.dispatch('local_time')(timestamp, time_zone)) }}{% endmacro %}
{% macro default__local_time(timestamp, time_zone) -%}
    ({{ timestamp }} at time zone 'UTC' at time zone {{ time_zone }})
{%- endmacro %}
{% macro spark__local_time(timestamp, time_zone) -%}
    from_utc_timestamp({{ timestamp }}, {{ time_zone }})
{%- endmacro %}

{#
    The UTC timestamp at which a clock in a time zone shows a local time. One that is skipped or
    comes twice when clocks are changed is taken as the engine takes it.
#}
{% macro utc_time(timestamp, time_zone) %}{{ return(adapter.dispatch('utc_time')(timestamp, time_zone)) }}{% endmacro %}
{% macro default__utc_time(timestamp, time_zone) -%}
    ({{ timestamp }} at time zone {{ time_zone }} at time zone 'UTC')
{%- endmacro %}
{% macro spark__utc_time(timestamp, time_zone) -%}
    to_utc_timestamp({{ timestamp }}, {{ time_zone }})
{%- endmacro %}

{# A time of day on a date, as one timestamp. #}
{% macro at_time(date, time_of_day) %}{{ return(adapter.dispatch('at_time')(date, time_of_day)) }}{% endmacro %}
{% macro default__at_time(date, time_of_day) %}({{ date }} + {{ time_of_day }}){% endmacro %}
{% macro spark__at_time(date, time_of_day) -%}
    cast(concat(cast({{ date }} as string), ' ', {{ time_of_day }}) as timestamp)
{%- endmacro %}

{# Text with an offset, or without one and then read as UTC, as a UTC timestamp. #}
{% macro utc_timestamp(text) %}{{ return(adapter.dispatch('utc_timestamp')(text)) }}{% endmacro %}
{% macro default__utc_timestamp(text) %}(cast({{ text }} as timestamptz) at time zone 'UTC'){% endmacro %}

{# ISO day of the week: 1 Monday to 7 Sunday. #}
{% macro iso_weekday(date) %}{{ return(adapter.dispatch('iso_weekday')(date)) }}{% endmacro %}
{% macro default__iso_weekday(date) %}cast(extract('isodow' from {{ date }}) as integer){% endmacro %}
{% macro spark__iso_weekday(date) %}(weekday({{ date }}) + 1){% endmacro %}

{# A relation of one column `day`: every day from the first to the last, both included. #}
{% macro day_spine(first_day, last_day) %}{{ return(adapter.dispatch('day_spine')(first_day, last_day)) }}{% endmacro %}
{% macro default__day_spine(first_day, last_day) -%}
    select cast(series.day as date) as day
    from (
        select unnest(generate_series({{ first_day }}, {{ last_day }}, interval '1 day')) as day
    ) as series
{%- endmacro %}
{% macro postgres__day_spine(first_day, last_day) -%}
    select cast(day as date) as day
    from generate_series({{ first_day }}, {{ last_day }}, interval '1 day') as day
{%- endmacro %}
{% macro spark__day_spine(first_day, last_day) -%}
    select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as day
{%- endmacro %}

{# Text without the parts that match a pattern. #}
{% macro regexp_remove(text, pattern) %}{{ return(adapter.dispatch('regexp_remove')(text, pattern)) }}{% endmacro %}
{% macro default__regexp_remove(text, pattern) %}regexp_replace({{ text }}, '{{ pattern }}', '', 'g'){% endmacro %}
{% macro spark__regexp_remove(text, pattern) %}regexp_replace({{ text }}, '{{ pattern }}', ''){% endmacro %}

{#
    Text with each letter in its plain form (NFKC for what labels are made of): Arabic presentation
    forms and ligatures, full-width signs, wide and narrow spaces, marks put on their letters. Engines
    without normal forms leave it as it is.
#}
{% macro plain_letters(text) %}{{ return(adapter.dispatch('plain_letters')(text)) }}{% endmacro %}
{% macro default__plain_letters(text) %}{{ text }}{% endmacro %}
{% macro postgres__plain_letters(text) %}normalize({{ text }}, nfkc){% endmacro %}
{% macro duckdb__plain_letters(text) -%}
    {%- set forms = letter_forms() -%}
    {%- set found = dbt.escape_single_quotes(forms | join) -%}
    {%- set texts = dbt.escape_single_quotes(forms.values() | join('\n')).split('\n') -%}
    nfc_normalize(
        case
            when regexp_matches({{ text }}, '[{{ found }}]')
                then array_to_string(list_transform(
                    string_split({{ text }}, ''),
                    lambda letter: coalesce(list_extract(
                        [
                            {%- for letters in texts -%}
                                '{{ letters }}'{{ ',' if not loop.last }}
                            {%- endfor -%}
                        ],
                        strpos('{{ found }}', letter)
                    ), letter)
                ), '')
            else {{ text }}
        end
    )
{%- endmacro %}
