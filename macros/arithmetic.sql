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
        {#- Exactly, where rounding would leave a trace. #}
        when {{ denominator }} > 0 and {{ numerator }} = {{ 0 if side == 'low' else denominator }}
            then {{ '0.0' if side == 'low' else '1.0' }}
        when {{ denominator }} > 0
            then {% if side == 'low' -%}
                greatest(0.0, {{ ratio('(' ~ centre ~ ' - ' ~ spread ~ ')', scale) }})
            {%- else -%}
                least(1.0, {{ ratio('(' ~ centre ~ ' + ' ~ spread ~ ')', scale) }})
            {%- endif %}
    end
{%- endmacro %}

{#
    The share of a standard normal distribution below z. `z` is best a column or a number: it stands
    in the text many times. How likely chance alone makes a difference this large, on either side:
    2 * normal_cdf('-abs(z)').
    Source: Hart (1968), Computer Approximations, as given by West (2005). Against erfc it is right to
    1e-14 up to z = 3 and to 1e-8 of the tail up to 8; beyond 37 the tail stays what it is there,
    because some engines raise an error where exp() underflows.
#}
{% macro normal_cdf(z) -%}
    {%- set x = 'least(abs(cast(' ~ z ~ ' as ' ~ type_double() ~ ')), 37e0)' -%}
    {%- set above = _polynomial(x, [
        '3.52624965998911e-2', '7.00383064443688e-1', '6.37396220353165e0', '3.3912866078383e1',
        '1.12079291497871e2', '2.21213596169931e2', '2.20206867912376e2',
    ]) -%}
    {%- set below = _polynomial(x, [
        '8.83883476483184e-2', '1.75566716318264e0', '1.6064177579207e1', '8.67807322029461e1',
        '2.96564248779674e2', '6.37333633378831e2', '7.93826512519948e2', '4.40413735824752e2',
    ]) -%}
    {%- set tail = 'exp(-' ~ x ~ ' * ' ~ x ~ ' * 5e-1) * (' ~ ratio(above, below) ~ ')' -%}
    case
        when {{ z }} > 0 then 1 - {{ tail }}
        when {{ z }} <= 0 then {{ tail }}
    end
{%- endmacro %}

{# A polynomial by Horner's rule, the coefficient of the highest power first. #}
{% macro _polynomial(x, coefficients) -%}
    {%- for _ in coefficients[2:] %}({% endfor -%}
    {{ coefficients[0] }}
    {%- for coefficient in coefficients[1:] %} * {{ x }} + {{ coefficient }}
        {%- if not loop.last %}){% endif %}
    {%- endfor -%}
{%- endmacro %}

{#
    How many standard errors the share n1 of d1 lies above the share n0 of d0 if both were the same
    (two-proportion z-test, pooled). Null where a side is empty or all or nothing succeeded: there is
    no spread to compare with then.
#}
{% macro two_proportion_z(n1, d1, n0, d0) -%}
    {%- set pooled = '(' ~ ratio(
        '(' ~ n1 ~ ') + (' ~ n0 ~ ')', '(' ~ d1 ~ ') + (' ~ d0 ~ ')'
    ) ~ ')' -%}
    case
        when {{ d1 }} > 0 and {{ d0 }} > 0 and {{ pooled }} > 0 and {{ pooled }} < 1
            then {{ ratio(
                '(' ~ ratio(n1, d1) ~ ') - (' ~ ratio(n0, d0) ~ ')',
                'sqrt(' ~ pooled ~ ' * (1 - ' ~ pooled ~ ') * (('
                ~ ratio(1, d1) ~ ') + (' ~ ratio(1, d0) ~ ')))'
            ) }}
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
