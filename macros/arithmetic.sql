{#
    Sum divided by sum, null where the denominator is zero. The only division of the project: in
    DuckDB 1/0 is inf and 0/0 is NaN, and neither is null.
#}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as {{ type_double() }})
    / nullif(cast({{ denominator }} as {{ type_double() }}), 0)
{%- endmacro %}

{#
    A quantity times a price. Two decimals of 18 digits have a product of 18 digits, which a large
    deal in rials exceeds.
#}
{% macro product_of(quantity, price) -%}
    cast({{ quantity }} as decimal(24, 4)) * {{ price }}
{%- endmacro %}

{#
    One bound of the Wilson score interval (95 %) of a share: `low` or `high`.
    Source: Wilson (1927); unlike the normal approximation it stays within 0..1 and does not
    shrink to a point at 0 % or 100 %. Null for an empty denominator.
#}
{% macro wilson_bound(numerator, denominator, side) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set z2 = z * z -%}
    {%- set share = '(' ~ ratio(numerator, denominator) ~ ')' -%}
    {%- set n = 'cast(' ~ denominator ~ ' as ' ~ type_double() ~ ')' -%}
    {%- set spread -%}
        {{ z }} * sqrt(
            ({{ ratio(share ~ ' * (1 - ' ~ share ~ ')', n) }})
            + ({{ ratio(z2, '4 * ' ~ n ~ ' * ' ~ n) }})
        )
    {%- endset -%}
    {%- set centre = share ~ ' + (' ~ ratio(z2, '2 * ' ~ n) ~ ')' -%}
    {%- set scale = '(1 + (' ~ ratio(z2, n) ~ '))' -%}
    case
        when {{ denominator }} > 0
            then {% if side == 'low' -%}
                greatest(0.0, {{ ratio('(' ~ centre ~ ' - ' ~ spread ~ ')', scale) }})
            {%- else -%}
                least(1.0, {{ ratio('(' ~ centre ~ ' + ' ~ spread ~ ')', scale) }})
            {%- endif %}
    end
{%- endmacro %}

{#
    An amount in the reporting currency, rounded to cents; prices of a single unit keep more digits.
    `rate` comes from int_exchange_rates; without one the amount is null and a data test fails,
    never is the rate taken as 1.
#}
{% macro convert(amount, currency, rate, digits=2) -%}
    case
        when {{ currency }} = '{{ var("reporting_currency") }}'
            then cast({{ amount }} as decimal(18, {{ digits }}))
        else cast(round({{ amount }} * {{ rate }}, {{ digits }}) as decimal(18, {{ digits }}))
    end
{%- endmacro %}
