{# The last day whose data counts, as an ISO string; set by --vars or KPI_AS_OF_DATE. #}
{% macro as_of_text() %}
    {%- set day = (var('as_of_date') or env_var('KPI_AS_OF_DATE', '')) | string -%}
    {%- if execute and not modules.re.match('^\\d{4}-\\d{2}-\\d{2}$', day) -%}
        {%- do exceptions.raise_compiler_error(
            "as_of_date is '" ~ day ~ "'. Say which day is the last that counts: "
            ~ "dbt build --vars 'as_of_date: 2025-12-31', or set KPI_AS_OF_DATE."
        ) -%}
    {%- endif -%}
    {{- return(day) -}}
{% endmacro %}

{# The last day whose data counts, as a date literal. The only "now" of the project. #}
{% macro as_of_date() %}cast('{{ as_of_text() }}' as date){% endmacro %}

{# The local date of a UTC timestamp in a time zone (a quoted name or a column). #}
{% macro local_date(timestamp, time_zone) %}cast({{ local_time(timestamp, time_zone) }} as date){% endmacro %}

{# The UTC timestamp at which a clock in the reporting time zone shows a local time. #}
{% macro utc_of_business_time(timestamp) %}{{ utc_time(timestamp, "'" ~ var('reporting_time_zone') ~ "'") }}{% endmacro %}

{# The business date of a UTC timestamp: its local date in the reporting time zone. #}
{% macro business_date(timestamp) %}{{ local_date(timestamp, "'" ~ var('reporting_time_zone') ~ "'") }}{% endmacro %}

{# Days from one timestamp to another, with fractions, rounded to about a tenth of a second. #}
{% macro elapsed_days(earlier, later) -%}
    cast({{ ratio(seconds_between(earlier, later), 86400) }} as decimal(18, 6))
{%- endmacro %}

{#
    Months from one date to another, with fractions: calendar months, and a day as 1/31 of one.
    Source: MONTHS_BETWEEN of Oracle and Spark, without their rule for ends of months.
#}
{% macro months_between(earlier, later) -%}
    cast(
        12 * (extract('year' from {{ later }}) - extract('year' from {{ earlier }}))
        + extract('month' from {{ later }}) - extract('month' from {{ earlier }})
        + ({{ ratio(
            "extract('day' from " ~ later ~ ") - extract('day' from " ~ earlier ~ ')', 31
        ) }}) as decimal(18, 6)
    )
{%- endmacro %}

{#
    First day of the period that a date falls in.
    `calendar` is the alias of a joined dim_date; only Jalali grains need one.
#}
{% macro period_start(date, grain, calendar='calendar') -%}
    {%- if grain == 'day' -%}
        {{ date }}
    {%- elif grain == 'week' and var('week_start') | int == 1 -%}
        cast(date_trunc('week', {{ date }}) as date)
    {%- elif grain == 'week' -%}
        {%- set shift = 8 - var('week_start') | int -%}
        {{ add_days("cast(date_trunc('week', " ~ add_days(date, shift) ~ ") as date)", -shift) }}
    {%- elif grain in ('fiscal_quarter', 'fiscal_year') -%}
        {%- set shift = var('fiscal_year_start_month') | int - 1 -%}
        {%- set part = grain.split('_')[1] -%}
        {{ add_months(
            "cast(date_trunc('" ~ part ~ "', " ~ add_months(date, -shift) ~ ") as date)", shift
        ) }}
    {%- elif grain.startswith('jalali_') -%}
        {{ calendar }}.{{ grain }}_starts_on
    {%- else -%}
        cast(date_trunc('{{ grain }}', {{ date }}) as date)
    {%- endif -%}
{%- endmacro %}

{# First day after a period (its excluded end), from its first day. #}
{% macro period_end(period_start, grain, calendar='calendar') -%}
    {%- set months = {
        'month': 1, 'quarter': 3, 'year': 12, 'fiscal_quarter': 3, 'fiscal_year': 12
    } -%}
    {%- if grain == 'day' -%}
        {{ add_days(period_start, 1) }}
    {%- elif grain == 'week' -%}
        {{ add_days(period_start, 7) }}
    {%- elif grain.startswith('jalali_') -%}
        {{ calendar }}.{{ grain }}_ends_on
    {%- else -%}
        {{ add_months(period_start, months[grain]) }}
    {%- endif -%}
{%- endmacro %}

{#
    Whether it is known if a customer was lost within a number of months after a date: a loss on the
    very last day ends the day after and is known once the grace has passed from there.
#}
{% macro is_past(date, months) -%}
    {{ add_days(add_months(date, months), var('churn_grace_days') + 1) }} <= {{ as_of_date() }}
{%- endmacro %}

{# Whether something happened at most a number of days after a start; null has not happened. #}
{% macro within_days(start, event, days) -%}
    coalesce({{ event }} <= {{ add_days(start, days) }}, false)
{%- endmacro %}
