-- Monthly sales growth: the change of net sales revenue against the month before, as a share of it.
-- The running month is compared with the same number of days of the month before. In constant
-- currency both months are converted at the rates of the first day of the current one.
{%- set dimensions = ['all'] + kpi_dimensions(['rep', 'team', 'location']) %}
with revenue as (
    select
        period_start as day,
        dimension,
        dimension_value,
        numerator as amount
    from {{ ref('net_sales_revenue') }}
    where
        variant = 'headline'
        and period_grain = 'day'
        and dimension in ('{{ dimensions | join("', '") }}') -- noqa: LT05
),

lines as (
    select
        fct_invoice_lines.*,
        rep_id as rep,
        team_id as team,
        location_id as location,
        {{ period_start('issued_on', 'month') }} as sold_in
    from {{ ref('fct_invoice_lines') }} as fct_invoice_lines
),

exchange_rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

members as (
    select
        dimension,
        dimension_value,
        min(day) as first_day
    from revenue
    group by dimension, dimension_value
),

days as (
    {{ day_spine('(select min(members.first_day) from members)', as_of_date()) | indent(4) }}
),

months as (
    select distinct
        {{ period_start('day', 'month') }} as month_start,
        {{ add_months(period_start('day', 'month'), -1) }} as previous_start,
        least(
            {{ period_end(period_start('day', 'month'), 'month') }},
            {{ add_days(as_of_date(), 1) }}
        ) as known_end
    from days
),

-- A complete month is compared with the whole month before, whatever their lengths.
compared as (
    select
        months.*,
        case
            when known_end = {{ period_end('month_start', 'month') }} then month_start
            else least(
                {{ add_days('previous_start', days_between('month_start', 'known_end')) }},
                month_start
            )
        end as previous_end
    from months
),

-- Every month since the first sale has a row: one without sales is 0 and is not skipped.
totals as (
    select
        compared.month_start,
        members.dimension,
        members.dimension_value,
        coalesce(sum(case when revenue.day >= compared.month_start then revenue.amount end), 0)
            as amount,
        coalesce(sum(case when revenue.day < compared.previous_end then revenue.amount end), 0)
            as previous_amount
    from compared
    inner join members
        on members.first_day < compared.known_end
    left join revenue
        on
            members.dimension = revenue.dimension
            and members.dimension_value = revenue.dimension_value
            and revenue.day >= compared.previous_start
            and revenue.day < compared.known_end
    group by compared.month_start, members.dimension, members.dimension_value
),

-- Every line counts in its own month and, as the month before, in the next one.
converted_lines as (
    {%- for sold_in, is_current in [('month_start', 1), ('previous_start', 0)] %}
    select
        compared.month_start,
        {{ is_current }} as is_current,
        {{ convert('lines.net_amount_in_currency', 'lines.currency', 'exchange_rates.rate') }}
            as amount,
        lines.rep,
        lines.team,
        lines.location
    from compared
    inner join lines
        on compared.{{ sold_in }} = lines.sold_in
    left join exchange_rates
        on
            lines.currency = exchange_rates.currency
            and compared.month_start = exchange_rates.valid_on
    {%- if not is_current %}
    where lines.issued_on < compared.previous_end
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

converted_totals as (
    {%- for dimension in dimensions %}
    {%- set member = "'all'" if dimension == 'all' else dimension %}
    select
        month_start,
        '{{ dimension }}' as dimension,
        coalesce({{ member }}, 'unassigned') as dimension_value,
        sum(case when is_current = 1 then amount end) as amount,
        sum(case when is_current = 0 then amount end) as previous_amount
    from converted_lines
    group by month_start{% if dimension != 'all' %}, {{ dimension }}{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

both_readings as (
    select
        'headline' as variant,
        month_start,
        dimension,
        dimension_value,
        amount,
        previous_amount
    from totals
    union all
    select
        'constant_currency' as variant,
        totals.month_start,
        totals.dimension,
        totals.dimension_value,
        coalesce(converted_totals.amount, 0) as amount,
        coalesce(converted_totals.previous_amount, 0) as previous_amount
    from totals
    left join converted_totals
        on
            totals.month_start = converted_totals.month_start
            and totals.dimension = converted_totals.dimension
            and totals.dimension_value = converted_totals.dimension_value
),

-- From nothing, or from a month of refunds, there is no growth rate.
cells as (
    select
        variant,
        'month' as period_grain,
        month_start as period_start,
        dimension,
        dimension_value,
        amount - previous_amount as numerator,
        case when previous_amount > 0 then previous_amount end as denominator,
        1 as sample_size
    from both_readings
)

{{ kpi_cells(
    'monthly_sales_growth',
    kind='ratio',
    variants={'headline': {}, 'constant_currency': {}},
    grains=['month'],
) }}
