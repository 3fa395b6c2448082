-- One row per day from 1990 to 2049 with its Gregorian, ISO week, fiscal and Jalali periods and
-- their names in English, Persian, Arabic and Vietnamese. `<grain>_starts_on` is the first day of
-- the period, `<grain>_ends_on` the first day after it.
{%- set shift = var('fiscal_year_start_month') | int - 1 %}
with days as (
    {{ day_spine("cast('1990-01-01' as date)", "cast('2049-12-31' as date)") | indent(4) }}
),

jalali_years as (
    select * from {{ ref('jalali_years') }}
),

month_names as (
    select * from {{ ref('month_names') }}
),

weekday_names as (
    select * from {{ ref('weekday_names') }}
),

-- A Jalali year begins on Nowruz; its first six months have 31 days, the others 30 but the last.
jalali_days as (
    select
        days.day,
        jalali_years.jalali_year,
        jalali_years.starts_on as jalali_year_starts_on,
        jalali_years.ends_on as jalali_year_ends_on,
        {{ days_between('jalali_years.starts_on', 'days.day') }} + 1 as jalali_day_of_year
    from days
    inner join jalali_years
        on days.day >= jalali_years.starts_on and days.day < jalali_years.ends_on
),

quarter_bounds as (
    select
        1 as jalali_quarter,
        1 as first_day_of_year,
        94 as end_day_of_year
    {%- for quarter, first_day, end_day in [(2, 94, 187), (3, 187, 277), (4, 277, 367)] %}
    union all
    select
        {{ quarter }} as jalali_quarter,
        {{ first_day }} as first_day_of_year,
        {{ end_day }} as end_day_of_year
    {%- endfor %}
),

jalali as (
    select
        jalali_days.*,
        quarter_bounds.jalali_quarter,
        month_names.month_number as jalali_month,
        month_names.name_en as jalali_month_name_en,
        month_names.name_fa as jalali_month_name_fa,
        month_names.name_ar as jalali_month_name_ar,
        month_names.name_vi as jalali_month_name_vi,
        jalali_day_of_year - month_names.first_day_of_year + 1 as jalali_day,
        {{ add_days('jalali_year_starts_on', 'month_names.first_day_of_year - 1') }}
            as jalali_month_starts_on,
        least(
            {{ add_days('jalali_year_starts_on', 'month_names.end_day_of_year - 1') }},
            jalali_year_ends_on
        ) as jalali_month_ends_on,
        {{ add_days('jalali_year_starts_on', 'quarter_bounds.first_day_of_year - 1') }}
            as jalali_quarter_starts_on,
        least(
            {{ add_days('jalali_year_starts_on', 'quarter_bounds.end_day_of_year - 1') }},
            jalali_year_ends_on
        ) as jalali_quarter_ends_on
    from jalali_days
    inner join month_names
        on
            month_names.calendar = 'jalali'
            and jalali_days.jalali_day_of_year >= month_names.first_day_of_year
            and jalali_days.jalali_day_of_year < month_names.end_day_of_year
    inner join quarter_bounds
        on
            jalali_days.jalali_day_of_year >= quarter_bounds.first_day_of_year
            and jalali_days.jalali_day_of_year < quarter_bounds.end_day_of_year
),

gregorian as (
    select
        day,
        cast(extract('year' from day) as integer) as year_number,
        cast(extract('quarter' from day) as integer) as quarter_number,
        cast(extract('month' from day) as integer) as month_number,
        cast(extract('day' from day) as integer) as day_of_month,
        {{ iso_weekday('day') }} as weekday_iso,
        cast(extract('week' from day) as integer) as iso_week,
        -- The Thursday of a week decides the year that the week belongs to.
        cast(
            extract('year' from {{ add_days("cast(date_trunc('week', day) as date)", 3) }})
            as integer
        ) as iso_year,
        {% for grain in ['week', 'month', 'quarter', 'year', 'fiscal_quarter', 'fiscal_year'] -%}
        {{ period_start('day', grain) }} as {{ grain }}_starts_on,
        {{ period_end(period_start('day', grain), grain) }} as {{ grain }}_ends_on,
        {% endfor -%}
        -- A fiscal year is called after the calendar year in which it ends.
        cast(extract('year' from {{ add_days(
            period_end(period_start('day', 'fiscal_year'), 'fiscal_year'), -1
        ) }}) as integer) as fiscal_year,
        cast(extract('quarter' from {{ add_months('day', -shift) }}) as integer) as fiscal_quarter
    from days
)

select
    gregorian.day as date_on,
    gregorian.year_number as year,
    gregorian.quarter_number as quarter,
    gregorian.month_number as month,
    gregorian.day_of_month,
    gregorian.weekday_iso,
    gregorian.iso_year,
    gregorian.iso_week,
    gregorian.fiscal_year,
    gregorian.fiscal_quarter,
    jalali.jalali_year,
    jalali.jalali_quarter,
    jalali.jalali_month,
    jalali.jalali_day,
    {% for grain in ['week', 'month', 'quarter', 'year', 'fiscal_quarter', 'fiscal_year'] -%}
    gregorian.{{ grain }}_starts_on,
    gregorian.{{ grain }}_ends_on,
    {% endfor -%}
    {% for grain in jalali_grains() -%}
    jalali.{{ grain }}_starts_on,
    jalali.{{ grain }}_ends_on,
    {% endfor -%}
    month_names.name_en as month_name_en,
    month_names.name_fa as month_name_fa,
    month_names.name_ar as month_name_ar,
    month_names.name_vi as month_name_vi,
    jalali.jalali_month_name_en,
    jalali.jalali_month_name_fa,
    jalali.jalali_month_name_ar,
    jalali.jalali_month_name_vi,
    weekday_names.name_en as weekday_name_en,
    weekday_names.name_fa as weekday_name_fa,
    weekday_names.name_ar as weekday_name_ar,
    weekday_names.name_vi as weekday_name_vi
from gregorian
inner join jalali
    on gregorian.day = jalali.day
inner join month_names
    on gregorian.month_number = month_names.month_number and month_names.calendar = 'gregorian'
inner join weekday_names
    on gregorian.weekday_iso = weekday_names.weekday_iso
