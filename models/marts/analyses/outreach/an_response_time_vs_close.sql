-- Response time and closing: how many of the leads that were answered fast became customers,
-- against those answered late or never.
{%- set horizon = var('conversion_horizon_days') %}
{%- set labels = [] %}
{%- for minutes in var('response_buckets') %}
{%- set unit = 1440 if minutes % 1440 == 0 else 60 if minutes % 60 == 0 else 1 %}
{%- set name = ' day' if minutes == 1440 else {1440: ' days', 60: ' h', 1: ' min'}[unit] %}
{%- do labels.append((minutes // unit) ~ name) %}
{%- endfor %}
with responses as (
    select * from {{ ref('fct_lead_responses') }}
    where not is_disqualified_in_grace
),

leads as (
    select * from {{ ref('fct_leads') }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

proposals as (
    select * from {{ ref('fct_proposals') }}
    where opportunity_type <> 'renewal' and not is_excluded
),

-- A deal counts once, whichever version was signed.
offered as (
    select
        opportunities.lead_id,
        proposals.opportunity_id,
        min(proposals.sent_on) as sent_on,
        max(proposals.signed_on) as signed_on
    from proposals
    inner join opportunities
        on proposals.opportunity_id = opportunities.opportunity_id
    group by opportunities.lead_id, proposals.opportunity_id
),

-- A lead that was a customer before it asked cannot become one.
bucketed as (
    select
        responses.lead_id,
        responses.triggered_on,
        {{ period_start('responses.triggered_on', 'quarter') }} as period_start,
        case
            when not responses.is_responded then {{ labels | length + 2 }}
            {%- for minutes in var('response_buckets') %}
            when responses.response_minutes <= {{ minutes }} then {{ loop.index }}
            {%- endfor %}
            else {{ labels | length + 1 }}
        end as bucket_order,
        {{ within_days('responses.triggered_on', 'leads.customer_on', horizon) }} as is_customer
    from responses
    inner join leads
        on responses.lead_id = leads.lead_id
    where leads.customer_on is null or leads.customer_on >= responses.triggered_on
),

contracts as (
    select
        bucketed.period_start,
        bucketed.bucket_order,
        count(*) as contracts,
        count(offered.signed_on) as signed_contracts
    from bucketed
    inner join offered
        on bucketed.lead_id = offered.lead_id and bucketed.triggered_on <= offered.sent_on
    group by bucketed.period_start, bucketed.bucket_order
),

counted as (
    select
        period_start,
        bucket_order,
        count(*) as leads,
        count(case when is_customer then 1 end) as customers
    from bucketed
    group by period_start, bucket_order
),

totalled as (
    select
        counted.*,
        sum(leads) over (partition by period_start) as all_leads,
        sum(customers) over (partition by period_start) as all_customers
    from counted
)

select
    'quarter' as period_grain,
    totalled.period_start,
    totalled.bucket_order,
    case totalled.bucket_order
        {%- for label in labels %}
        when {{ loop.index }} then '<= {{ label }}'
        {%- endfor %}
        when {{ labels | length + 1 }} then '> {{ labels | last }}'
        else 'never'
    end as response_bucket,
    totalled.leads,
    totalled.customers,
    case
        when totalled.leads >= {{ var('min_n') }}
            then {{ ratio('totalled.customers', 'totalled.leads') }}
    end as lead_to_customer_rate,
    cast(totalled.all_leads as bigint) as all_leads,
    cast(totalled.all_customers as bigint) as all_customers,
    case
        when totalled.all_leads >= {{ var('min_n') }}
            then {{ ratio('totalled.all_customers', 'totalled.all_leads') }}
    end as all_lead_to_customer_rate,
    case
        when totalled.leads >= {{ var('min_n') }}
            then {{ ratio(
                'totalled.customers * totalled.all_leads', 'totalled.leads * totalled.all_customers'
            ) }}
    end as lift,
    coalesce(contracts.contracts, 0) as contracts,
    coalesce(contracts.signed_contracts, 0) as signed_contracts,
    case
        when contracts.contracts >= {{ var('min_n') }}
            then {{ ratio('contracts.signed_contracts', 'contracts.contracts') }}
    end as contract_close_rate,
    {{ period_end('totalled.period_start', 'quarter') }} <= {{ add_days(as_of_date(), 1) }}
        as is_complete_period,
    {{ add_days(period_end('totalled.period_start', 'quarter'), horizon) }}
    <= {{ add_days(as_of_date(), 1) }} as is_matured
from totalled
left join contracts
    on
        totalled.period_start = contracts.period_start
        and totalled.bucket_order = contracts.bucket_order
