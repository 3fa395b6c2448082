-- Customer lifetime value: what a customer brings in a month, for as many months as one is likely
-- to stay: revenue per account over churn rate, both of the last 12 complete months. A member with
-- few customers has no churn rate of its own and borrows the company's.
{%- set grains = kpi_grains(['month', 'quarter', 'year']) %}
{%- set dimensions = ['account_manager', 'segment', 'vertical'] %}
{%- set cuts = ['all'] + kpi_dimensions(dimensions) %}
with customers as (
    select
        account_id,
        customer_since_on,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from {{ ref('dim_accounts') }}
    where customer_since_on is not null
),

lines as (
    select * from {{ ref('fct_invoice_lines') }}
    where net_amount is not null
),

customer_periods as (
    select
        period_grain,
        period_start,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from {{ ref('fct_customer_periods') }}
    where is_active_at_end
),

factors as (
    {%- for kpi_id in ['avg_revenue_per_account', 'customer_churn_rate', 'gross_margin_pct'] %}
    select
        '{{ kpi_id }}' as factor,
        period_start as month_start,
        dimension,
        dimension_value,
        numerator,
        denominator
    from {{ ref(kpi_id) }}
    where
        variant = 'headline'
        and period_grain = 'month'
        and dimension in ('{{ cuts | join("', '") }}') -- noqa: LT05
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

windows as (
    select distinct
        days.period_grain,
        days.period_start,
        {{ period_start('days.known_end', 'month') }} as window_end
    from (
        {{ period_days('(select min(customers.customer_since_on) from customers)', grains)
            | indent(8) }}
    ) as days
),

over_window as (
    select
        {%- for factor, name in [
            ('avg_revenue_per_account', 'revenue'),
            ('customer_churn_rate', 'churn'),
            ('gross_margin_pct', 'margin'),
        ] %}
        sum(case when factors.factor = '{{ factor }}' then factors.numerator end)
            as {{ name }}_numerator,
        sum(case when factors.factor = '{{ factor }}' then factors.denominator end)
            as {{ name }}_denominator,
        {%- endfor %}
        windows.period_grain,
        windows.period_start,
        factors.dimension,
        factors.dimension_value
    from windows
    inner join factors
        on
            factors.month_start >= {{ add_months('windows.window_end', -12) }}
            and factors.month_start < windows.window_end
    group by
        windows.period_grain,
        windows.period_start,
        factors.dimension,
        factors.dimension_value
),

active as (
    {%- for dimension in cuts %}
    select
        period_grain,
        period_start,
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ "'all'" if dimension == 'all' else dimension }} as dimension_value,
        count(*) as customers
    from customer_periods
    group by period_grain, period_start{% if dimension != 'all' %}, {{ dimension }}{% endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

rates as (
    select
        members.period_grain,
        members.period_start,
        members.dimension,
        members.dimension_value,
        coalesce(active.customers, 0) as sample_size,
        {{ ratio('members.revenue_numerator', 'members.revenue_denominator') }} as revenue,
        case
            when coalesce(active.customers, 0) < {{ var('clv_min_customers') }}
                then {{ ratio('company.churn_numerator', 'company.churn_denominator') }}
            else {{ ratio('members.churn_numerator', 'members.churn_denominator') }}
        end as churn,
        case
            when company.margin_denominator > 0
                then {{ ratio('company.margin_numerator', 'company.margin_denominator') }}
        end as margin
    from over_window as members
    inner join over_window as company
        on
            members.period_grain = company.period_grain
            and members.period_start = company.period_start
            and company.dimension = 'all'
    left join active
        on
            members.period_grain = active.period_grain
            and members.period_start = active.period_start
            and members.dimension = active.dimension
            and members.dimension_value = active.dimension_value
    where members.revenue_denominator > 0
),

lifetimes as (
    select
        rates.*,
        case
            when churn is not null then greatest(churn, {{ ratio(1, var('clv_cap_months')) }})
        end as capped_churn
    from rates
),

expected as (
    {%- for variant, value, rate in [
        ('headline', 'revenue', 'churn'),
        ('capped', 'revenue', 'capped_churn'),
        ('margin_adjusted', 'revenue * margin', 'churn'),
    ] %}
    select
        '{{ variant }}' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        {{ value }} as numerator,
        {{ rate }} as denominator,
        sample_size
    from lifetimes
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- What customers have brought so far, counted from the day they became one.
records as (
    select
        'historic' as variant,
        customers.account_id as record_id,
        greatest(lines.issued_on, customers.customer_since_on) as entered_on,
        cast(null as date) as left_on,
        lines.net_amount as numerator,
        0 as denominator,
        customers.account_manager,
        customers.segment,
        customers.vertical
    from lines
    inner join customers
        on lines.account_id = customers.account_id
    union all
    select
        'historic' as variant,
        account_id as record_id,
        customer_since_on as entered_on,
        cast(null as date) as left_on,
        0 as numerator,
        1 as denominator,
        account_manager,
        segment,
        vertical
    from customers
)

{% call kpi(
    'customer_lifetime_value',
    kind='ratio',
    time_basis='snapshot',
    grains=grains,
    dimensions=dimensions,
    variants={
        'headline': {'is_derived': true},
        'capped': {'is_derived': true},
        'margin_adjusted': {'is_derived': true},
        'historic': {},
    },
) %}
    select * from expected
{% endcall %}
