-- Whether customers who use collateral are onboarded faster, and whether those onboarded faster
-- stay: each group of customers beside all the others.
{%- set buckets = var('onboarding_buckets') %}
with onboardings as (
    select * from {{ ref('fct_customer_onboardings') }}
    where onboarding_days is not null and lost_before_on is null
),

new_customers as (
    select * from {{ ref('fct_new_customers') }}
),

collateral_events as (
    select * from {{ ref('fct_collateral_events') }}
),

ranked as (
    select
        onboardings.*,
        row_number() over (partition by account_id order by completed_on, onboarding_id) as position
    from onboardings
),

-- Six months run from the end of the onboarding: nobody is onboarded who was lost before.
onboarded as (
    select
        ranked.account_id,
        ranked.completed_on,
        ranked.onboarding_days,
        case
            {%- for days in buckets %}
            {%- set first_day = buckets[loop.index0 - 1] + 1 if loop.index0 else 0 %}
            when ranked.onboarding_days <= {{ days }}
                then '{{ '%03d-%03d' % (first_day, days) }}'
            {%- endfor %}
            else '{{ '%03d' % (buckets[-1] + 1) }}+'
        end as bucket,
        new_customers.account_id is not null and {{ is_past('ranked.completed_on', 6) }}
            as is_matured,
        new_customers.first_lost_on <= {{ add_months('ranked.completed_on', 6) }} as is_lost
    from ranked
    left join new_customers
        on ranked.account_id = new_customers.account_id
    where ranked.position = 1
),

used as (
    select distinct
        onboarded.account_id,
        collateral_events.collateral_type
    from onboarded
    inner join collateral_events
        on
            onboarded.account_id = collateral_events.account_id
            and collateral_events.occurred_on <= onboarded.completed_on
),

memberships as (
    select
        'collateral' as row_kind,
        collateral_type as member,
        account_id
    from used
    union all
    select distinct
        'collateral' as row_kind,
        'all' as member,
        account_id
    from used
    union all
    select
        'onboarding_time' as row_kind,
        bucket as member,
        account_id
    from onboarded
),

groups as (
    select distinct
        row_kind,
        member
    from memberships
),

sided as (
    select
        groups.row_kind,
        groups.member,
        onboarded.onboarding_days,
        onboarded.is_matured,
        onboarded.is_matured and onboarded.is_lost as is_churned,
        memberships.account_id is not null as is_member
    from groups
    cross join onboarded
    left join memberships
        on
            groups.row_kind = memberships.row_kind
            and groups.member = memberships.member
            and onboarded.account_id = memberships.account_id
),

counted as (
    select
        {%- for name, side in [('', 'is_member'), ('other_', 'not is_member')] %}
        count(case when {{ side }} then 1 end) as {{ name }}customers,
        sum(case when {{ side }} then onboarding_days end) as {{ name }}total_days,
        percentile_cont(0.5) within group (
            order by cast(case when {{ side }} then onboarding_days end as {{ type_double() }})
        ) as {{ name }}median_days,
        count(case when {{ side }} and is_matured then 1 end) as {{ name }}matured_customers,
        count(case when {{ side }} and is_churned then 1 end) as {{ name }}churned_6m,
        {%- endfor %}
        row_kind,
        member
    from sided
    group by row_kind, member
),

rated as (
    select
        {%- for name in ['', 'other_'] %}
        case
            when {{ name }}customers >= {{ var('min_n') }}
                then {{ ratio(name ~ 'total_days', name ~ 'customers') }}
        end as {{ name }}onboarding_days,
        case
            when {{ name }}customers >= {{ var('min_n') }} then round({{ name }}median_days, 6)
        end as {{ name }}onboarding_days_p50,
        case
            when {{ name }}matured_customers >= {{ var('min_n') }}
                then {{ ratio(name ~ 'churned_6m', name ~ 'matured_customers') }}
        end as {{ name }}churn_6m,
        {%- endfor %}
        counted.*
    from counted
)

select
    row_kind,
    member,
    customers,
    other_customers,
    onboarding_days,
    other_onboarding_days,
    onboarding_days - other_onboarding_days as days_difference,
    onboarding_days_p50,
    other_onboarding_days_p50,
    matured_customers,
    other_matured_customers,
    churned_6m,
    other_churned_6m,
    churn_6m,
    other_churn_6m,
    churn_6m - other_churn_6m as churn_difference
from rated
