-- Cost of a customer, inbound against outbound: what winning customers costs by motion and by
-- channel, and which motion is cheaper.
{%- set grains = ['quarter', 'year'] %}
with cells as (
    select
        period_grain,
        period_start,
        dimension,
        dimension_value,
        numerator as cost,
        cast(denominator as bigint) as customers
    from {{ ref('customer_acquisition_cost') }}
    where
        variant = 'headline'
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
        and dimension in ('all', 'motion')
),

-- Motion and channel at once, which the cells do not say.
counted as (
    select
        expense_on as counted_on,
        motion,
        channel,
        acquisition_amount as cost,
        0 as customers
    from {{ ref('fct_expenses') }}
    union all
    select
        started_on as counted_on,
        motion,
        source_channel as channel,
        0 as cost,
        1 as customers
    from {{ ref('fct_customer_spells') }}
    where not is_reactivation and started_on <= {{ as_of_date() }}
),

dated as (
    {{ in_periods('counted', 'counted_on', grains) }}
),

parts as (
    select
        period_grain,
        period_start,
        dimension_value as motion,
        'all' as channel,
        cost,
        customers
    from cells
    where dimension = 'motion'
    union all
    select
        period_grain,
        period_start,
        motion,
        channel,
        sum(cost) as cost,
        cast(sum(customers) as bigint) as customers
    from dated
    group by period_grain, period_start, motion, channel
),

company as (
    select * from cells
    where dimension = 'all'
),

-- Compared crosswise, because a quotient of money is not exact.
verdicts as (
    select
        inbound.period_grain,
        inbound.period_start,
        case
            when
                inbound.customers < {{ var('min_n') }}
                or outbound.customers < {{ var('min_n') }}
                then null
            when inbound.cost * outbound.customers < outbound.cost * inbound.customers
                then 'inbound'
            when inbound.cost * outbound.customers > outbound.cost * inbound.customers
                then 'outbound'
            when inbound.cost * outbound.customers = outbound.cost * inbound.customers
                then 'equal'
        end as cheaper_motion
    from cells as inbound
    inner join cells as outbound
        on
            inbound.period_grain = outbound.period_grain
            and inbound.period_start = outbound.period_start
            and outbound.dimension_value = 'outbound'
    where inbound.dimension_value = 'inbound'
)

select
    parts.period_grain,
    parts.period_start,
    parts.motion,
    parts.channel,
    cast(parts.cost as decimal(18, 2)) as cost,
    parts.customers,
    case
        when parts.customers >= {{ var('min_n') }}
            then {{ ratio('parts.cost', 'parts.customers') }}
    end as acquisition_cost,
    cast(company.cost as decimal(18, 2)) as company_cost,
    company.customers as company_customers,
    case
        when company.customers >= {{ var('min_n') }}
            then {{ ratio('company.cost', 'company.customers') }}
    end as company_acquisition_cost,
    case
        when parts.customers >= {{ var('min_n') }}
            then {{ ratio(
                'parts.cost * company.customers', 'company.cost * parts.customers'
            ) }}
    end as cost_index,
    verdicts.cheaper_motion,
    case parts.period_grain
        {%- for grain in grains %}
        when '{{ grain }}'
            then {{ period_end('parts.period_start', grain) }} <= {{ add_days(as_of_date(), 1) }}
        {%- endfor %}
    end as is_complete_period
from parts
left join company
    on
        parts.period_grain = company.period_grain
        and parts.period_start = company.period_start
left join verdicts
    on
        parts.period_grain = verdicts.period_grain
        and parts.period_start = verdicts.period_start
