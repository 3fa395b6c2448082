-- What one unit of a currency is worth in the reporting currency, on every day a rate holds: its
-- own day and, until the next one, at most fx_stale_days after it.
with exchange_rates as (
    select * from {{ ref('exchange_rates') }}
    where not is_deleted and rate_on <= {{ as_of_date() }} and rate > 0
),

quoted as (
    select
        from_currency as currency,
        rate_on,
        cast(rate as decimal(20, 12)) as rate,
        1 as preference
    from exchange_rates
    where to_currency = '{{ var("reporting_currency") }}'
    union all
    select
        to_currency as currency,
        rate_on,
        cast({{ ratio(1, 'rate') }} as decimal(20, 12)) as rate,
        2 as preference
    from exchange_rates
    where from_currency = '{{ var("reporting_currency") }}'
),

-- A direct quotation is exact, its inverse is rounded.
preferred as (
    select
        currency,
        rate_on,
        rate,
        row_number() over (partition by currency, rate_on order by preference) as choice
    from quoted
    where currency <> '{{ var("reporting_currency") }}'
),

spans as (
    select
        currency,
        rate_on,
        rate,
        lead(rate_on) over (partition by currency order by rate_on) as next_rate_on
    from preferred
    where choice = 1
),

ages as (
    {% for age in range(var('fx_stale_days') + 1) -%}
    select {{ age }} as age_days{{ ' union all' if not loop.last }}
    {% endfor %}
)

select
    spans.currency,
    {{ add_days('spans.rate_on', 'ages.age_days') }} as valid_on,
    spans.rate,
    ages.age_days
from spans
cross join ages
where
    spans.next_rate_on is null
    or {{ add_days('spans.rate_on', 'ages.age_days') }} < spans.next_rate_on
