-- Macros against values worked by hand, or taken from where the comment says. A row is a difference.
{{ config(meta={'dagster': {'ref': {'name': 'dim_date'}}}) }}
{%- set checks = [
    ('ratio', ratio(3, 4), '0.75'),
    ('ratio of nothing', ratio(0, 4), '0.0'),
    ('ratio by zero', ratio(3, 0), 'null'),
    ('ratio of zero by zero', ratio(0, 0), 'null'),
    ('ratio of null', ratio('null', 4), 'null'),
    ('month end is clamped', add_months("date '2025-08-31'", 6), "date '2026-02-28'"),
    ('leap year', add_months("date '2024-02-29'", 12), "date '2025-02-28'"),
    ('add_days over a month', add_days("date '2024-02-28'", 2), "date '2024-03-01'"),
    ('days_between', days_between("date '2025-02-28'", "date '2025-03-01'"), '1'),
    ('days_between counts back', days_between("date '2025-03-01'", "date '2025-02-28'"), '-1'),
    ('seconds_between', seconds_between(
        "timestamp '2025-01-01 23:59:59'", "timestamp '2025-01-02 00:00:01'"), '2'),
    ('elapsed_days', elapsed_days(
        "timestamp '2025-01-01 00:00:00'", "timestamp '2025-01-02 12:00:00'"), '1.5'),
    ('iso_weekday of a Sunday', iso_weekday("date '2026-03-01'"), '7'),
    ('Tehran before midnight', local_date(
        "timestamp '2026-03-20 20:29:59'", "'Asia/Tehran'"), "date '2026-03-20'"),
    ('Tehran at midnight', local_date(
        "timestamp '2026-03-20 20:30:00'", "'Asia/Tehran'"), "date '2026-03-21'"),
    ('London in summer', local_date(
        "timestamp '2026-07-01 23:00:00'", "'Europe/London'"), "date '2026-07-02'"),
    ('London in winter', local_date(
        "timestamp '2026-01-01 23:00:00'", "'Europe/London'"), "date '2026-01-01'"),
    ('text with an offset', utc_timestamp("'2026-03-21T01:30:00+03:30'"),
        "timestamp '2026-03-20 22:00:00'"),
    ('text without an offset', utc_timestamp("'2026-03-21 01:30:00'"),
        "timestamp '2026-03-21 01:30:00'"),
    ('quarter', period_start("date '2026-02-28'", 'quarter'), "date '2026-01-01'"),
    ('end of a quarter', period_end("date '2026-01-01'", 'quarter'), "date '2026-04-01'"),
    ('within 90 days', within_days("date '2026-01-01'", "date '2026-04-01'", 90), 'true'),
    ('on day 91', within_days("date '2026-01-01'", "date '2026-04-02'", 90), 'false'),
    ('never', within_days("date '2026-01-01'", 'null', 90), 'false'),
    ('Arabic yeh and kaf', label_key("'كيف'"), label_key("'کیف'")),
    ('digits of both scripts', label_key("'۱۲۳ ٤٥٦'"), "'123 456'"),
    ('Vietnamese and case', label_key("' Đã Bán '"), "'dã bán'"),
    ('Vietnamese with its marks apart', label_key("'Đa\u0303 Ba\u0301n'"), "'dã bán'"),
    ('presentation forms', label_key("'\ufee3\ufecc\ufeae\ufed3\ufef2'"), label_key("'معرفی'")),
    ('a ligature', label_key("'\ufefb\ufe97'"), label_key("'لات'")),
    ('a half-space', label_key("'مشتری\u200cمداری'"), "'مشتریمداری'"),
    ('full width', label_key("'ＡＢＣ\u3000１２３'"), "'abc 123'"),
    ('hamza and teh marbuta stay', label_key("'أزمة'"), "'أزمة'"),
    ('phone', phone_key("'+98 (21) 1234-5678'"), "'982112345678'"),
    ('too short for a phone', phone_key("'1234567'"), 'null'),
] %}
{%- for name, actual, expected in checks %}
select
    '{{ name }}' as macro,
    cast({{ actual }} as {{ dbt.type_string() }}) as actual,
    cast({{ expected }} as {{ dbt.type_string() }}) as expected
where ({{ actual }}) is distinct from {{ expected }}
union all
{%- endfor %}
-- Wilson intervals of 8, 0 and 10 out of 10: 49.0 to 94.3 %, 0 to 27.8 %, 72.2 to 100 %, as in
-- Newcombe (1998) and any table of them.
{%- for numerator, denominator, low, high in [
    (8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)
] %}
select
    'wilson_bound of {{ numerator }} out of {{ denominator }}' as macro,
    cast({{ wilson_bound(numerator, denominator, 'low') }} as {{ dbt.type_string() }}) as actual,
    '{{ low }} to {{ high }}' as expected
where
    abs({{ wilson_bound(numerator, denominator, 'low') }} - {{ low }}) > 0.00006
    or abs({{ wilson_bound(numerator, denominator, 'high') }} - {{ high }}) > 0.00006
union all
{%- endfor %}
-- The normal distribution as in Abramowitz & Stegun (1964), tables 26.1 and 26.2, to the digits shown;
-- the tail at -6 relative to its size. 55 and 40 out of 100: (0.55 - 0.40) / sqrt(0.475 * 0.525 / 50).
{%- for name, actual, expected, tolerance in [
    ('normal_cdf in the middle', normal_cdf('0'), 0.5, 1e-15),
    ('normal_cdf of 1', normal_cdf('1'), 0.841344746068543, 1e-14),
    ('normal_cdf of -1', normal_cdf('-1'), 0.158655253931457, 1e-14),
    ('normal_cdf at 97.5 %', normal_cdf('1.959963984540054'), 0.975, 1e-14),
    ('normal_cdf of 3', normal_cdf('3'), 0.998650101968370, 1e-14),
    ('normal_cdf of -6', normal_cdf('-6'), 9.86588e-10, 1e-15),
    ('normal_cdf far below', normal_cdf('-1000'), 0.0, 1e-200),
    ('normal_cdf far above', normal_cdf('1000'), 1.0, 1e-15),
    ('two_proportion_z', two_proportion_z(55, 100, 40, 100), 2.123977, 1e-6),
    ('two_proportion_z the other way', two_proportion_z(40, 100, 55, 100), -2.123977, 1e-6),
    ('two_proportion_z of sides of different size', two_proportion_z(1, 4, 9, 16), -1.118034, 1e-6),
    ('two_proportion_z of equal shares', two_proportion_z(2, 4, 3, 6), 0.0, 1e-15),
] %}
select
    '{{ name }}' as macro,
    cast({{ actual }} as {{ dbt.type_string() }}) as actual,
    '{{ expected }}' as expected
where coalesce(abs({{ actual }} - {{ expected }}) > {{ tolerance }}, true)
union all
{%- endfor %}
{%- for name, actual in [
    ('normal_cdf of null', normal_cdf('null')),
    ('two_proportion_z without a first side', two_proportion_z(0, 0, 3, 5)),
    ('two_proportion_z without a second side', two_proportion_z(3, 5, 0, 0)),
    ('two_proportion_z where nothing succeeded', two_proportion_z(0, 5, 0, 5)),
    ('two_proportion_z where all succeeded', two_proportion_z(5, 5, 5, 5)),
    ('two_proportion_z of more than all', two_proportion_z(9, 5, 9, 5)),
] %}
select
    '{{ name }}' as macro,
    cast({{ actual }} as {{ dbt.type_string() }}) as actual,
    'null' as expected
where ({{ actual }}) is not null
union all
{%- endfor %}
select
    'wilson_bound of nothing' as macro,
    cast({{ wilson_bound(0, 0, 'low') }} as {{ dbt.type_string() }}) as actual,
    'null' as expected
where {{ wilson_bound(0, 0, 'low') }} is not null
