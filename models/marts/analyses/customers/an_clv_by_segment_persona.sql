-- What customers are worth over their lifetime, by segment, buyer persona and account manager, and
-- how much of the revenue comes from each. Lifetime value is that of customer_lifetime_value; by
-- persona, which it does not know, the same is worked out here.
{%- set window_end = period_start(add_days(as_of_date(), 1), 'month') %}
{%- set window_start = add_months(window_end, -12) %}
with lifetime_cells as (
    select * from {{ ref('customer_lifetime_value') }}
    where
        variant in ('headline', 'capped')
        and period_grain = 'month'
        and period_start = {{ period_start(as_of_date(), 'month') }}
        and dimension in ('all', 'segment', 'account_manager')
),

revenue_cells as (
    select * from {{ ref('avg_revenue_per_account') }}
    where
        variant = 'headline'
        and period_grain = 'month'
        and period_start >= {{ window_start }}
        and period_start < {{ window_end }}
        and dimension in ('all', 'segment', 'account_manager')
),

churn_cells as (
    select * from {{ ref('customer_churn_rate') }}
    where
        variant = 'headline'
        and period_grain = 'month'
        and period_start >= {{ window_start }}
        and period_start < {{ window_end }}
        and dimension in ('all', 'segment', 'account_manager')
),

lines as (
    select * from {{ ref('fct_invoice_lines') }}
    where
        net_amount is not null
        and issued_on >= {{ window_start }}
        and issued_on < {{ window_end }}
),

customer_months as (
    select * from {{ ref('fct_customer_periods') }}
    where period_grain = 'month'
),

new_customers as (
    select * from {{ ref('fct_new_customers') }}
),

-- An account that no deal has won, or whose deal names nobody, has no persona.
revenue_by_persona as (
    select
        coalesce(new_customers.buyer_persona, 'unassigned') as persona,
        sum(lines.net_amount) as revenue
    from lines
    left join new_customers
        on lines.account_id = new_customers.account_id
    group by coalesce(new_customers.buyer_persona, 'unassigned')
),

months_by_persona as (
    select
        coalesce(new_customers.buyer_persona, 'unassigned') as persona,
        sum(case when customer_months.period_start < {{ window_end }} then 1 else 0 end)
            as account_months,
        sum(
            case
                when
                    customer_months.is_active_at_start
                    and customer_months.period_start < {{ window_end }}
                    then 1
                else 0
            end
        ) as months_at_risk,
        sum(
            case
                when customer_months.is_lost and customer_months.period_start < {{ window_end }}
                    then 1
                else 0
            end
        ) as losses,
        sum(
            case
                when
                    customer_months.is_active_at_end
                    and customer_months.period_start = {{ period_start(as_of_date(), 'month') }}
                    then 1
                else 0
            end
        ) as customers
    from customer_months
    left join new_customers
        on customer_months.account_id = new_customers.account_id
    where customer_months.period_start >= {{ window_start }}
    group by coalesce(new_customers.buyer_persona, 'unassigned')
),

revenues as (
    select
        dimension,
        dimension_value,
        sum(numerator) as revenue,
        sum(denominator) as account_months
    from revenue_cells
    group by dimension, dimension_value
),

losses as (
    select
        dimension,
        dimension_value,
        sum(numerator) as losses,
        sum(denominator) as months_at_risk
    from churn_cells
    group by dimension, dimension_value
),

lifetimes as (
    select
        dimension,
        dimension_value,
        max(sample_size) as customers,
        max(case when variant = 'headline' then kpi_value end) as clv,
        max(case when variant = 'capped' then kpi_value end) as clv_capped
    from lifetime_cells
    group by dimension, dimension_value
),

company as (
    select
        revenues.revenue,
        losses.losses,
        losses.months_at_risk,
        lifetimes.clv
    from revenues
    left join losses
        on revenues.dimension = losses.dimension
    left join lifetimes
        on revenues.dimension = lifetimes.dimension
    where revenues.dimension = 'all'
),

personas as (
    select
        coalesce(months_by_persona.persona, revenue_by_persona.persona) as persona,
        coalesce(revenue_by_persona.revenue, 0) as revenue,
        coalesce(months_by_persona.account_months, 0) as account_months,
        coalesce(months_by_persona.losses, 0) as losses,
        coalesce(months_by_persona.months_at_risk, 0) as months_at_risk,
        coalesce(months_by_persona.customers, 0) as customers
    from months_by_persona
    full join revenue_by_persona
        on months_by_persona.persona = revenue_by_persona.persona
),

persona_rates as (
    select
        personas.*,
        {{ ratio('personas.revenue', 'personas.account_months') }} as revenue_per_month,
        case
            when personas.customers < {{ var('clv_min_customers') }}
                then {{ ratio('company.losses', 'company.months_at_risk') }}
            else {{ ratio('personas.losses', 'personas.months_at_risk') }}
        end as churn_rate
    from personas
    cross join company
),

members as (
    select
        revenues.dimension,
        revenues.dimension_value,
        coalesce(lifetimes.customers, 0) as customers,
        revenues.revenue,
        revenues.account_months,
        coalesce(losses.losses, 0) as losses,
        coalesce(losses.months_at_risk, 0) as months_at_risk,
        lifetimes.clv,
        lifetimes.clv_capped
    from revenues
    left join losses
        on
            revenues.dimension = losses.dimension
            and revenues.dimension_value = losses.dimension_value
    left join lifetimes
        on
            revenues.dimension = lifetimes.dimension
            and revenues.dimension_value = lifetimes.dimension_value
    union all
    select
        'persona' as dimension,
        persona as dimension_value,
        customers,
        revenue,
        account_months,
        losses,
        months_at_risk,
        {{ ratio('revenue_per_month', 'churn_rate') }} as clv,
        case
            when churn_rate is not null
                then {{ ratio(
                    'revenue_per_month',
                    'greatest(churn_rate, ' ~ ratio(1, var('clv_cap_months')) ~ ')'
                ) }}
        end as clv_capped
    from persona_rates
)

select
    members.dimension,
    members.dimension_value,
    {{ window_start }} as window_start,
    {{ window_end }} as window_end,
    cast(members.customers as bigint) as customers,
    cast(members.account_months as bigint) as account_months,
    cast(members.revenue as decimal(18, 2)) as revenue,
    cast(company.revenue as decimal(18, 2)) as company_revenue,
    {{ ratio('members.revenue', 'company.revenue') }} as revenue_share,
    {{ ratio('members.revenue', 'members.account_months') }} as revenue_per_month,
    cast(members.losses as bigint) as losses,
    cast(members.months_at_risk as bigint) as months_at_risk,
    case
        when members.customers >= {{ var('min_n') }}
            then {{ ratio('members.losses', 'members.months_at_risk') }}
    end as churn_rate,
    case
        when members.clv is not null
            then members.customers < {{ var('clv_min_customers') }} and members.dimension <> 'all'
    end as has_borrowed_churn,
    members.clv,
    members.clv_capped,
    company.clv as company_clv,
    {{ ratio('members.clv', 'company.clv') }} as clv_index
from members
cross join company
