-- Prospects that look like our best customers: accounts that never bought and share segment,
-- vertical and business model with customers whose revenue per account is in the first quarter.
{%- set window_end = period_start(add_days(as_of_date(), 1), 'month') %}
{%- set window_start = add_months(window_end, -12) %}
with accounts as (
    select * from {{ ref('dim_accounts') }}
),

customer_months as (
    select * from {{ ref('fct_customer_periods') }}
    where
        period_grain = 'month'
        and period_start >= {{ window_start }}
        and period_start < {{ window_end }}
),

invoices as (
    select * from {{ ref('fct_invoices') }}
    where
        issued_on >= {{ window_start }}
        and issued_on < {{ window_end }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

touched as (
    select * from {{ ref('fct_prospect_accounts') }}
),

billed as (
    select
        account_id,
        sum(net_amount) as revenue
    from invoices
    group by account_id
),

customers as (
    select
        account_id,
        count(*) as account_months
    from customer_months
    group by account_id
),

earning as (
    select
        accounts.account_id,
        accounts.segment,
        accounts.vertical,
        accounts.business_model,
        customers.account_months,
        coalesce(billed.revenue, 0) as revenue,
        cast(
            {{ ratio('coalesce(billed.revenue, 0)', 'customers.account_months') }} as decimal(18, 6)
        ) as arpa
    from customers
    inner join accounts
        on customers.account_id = accounts.account_id
    left join billed
        on customers.account_id = billed.account_id
),

thresholds as (
    select
        round(
            percentile_cont({{ 1 - var('top_share') }}) within group (
                order by cast(arpa as {{ type_double() }})
            ), 6
        ) as threshold
    from earning
),

profiles as (
    select
        earning.segment,
        earning.vertical,
        earning.business_model,
        count(*) as profile_customers,
        count(case when earning.arpa >= thresholds.threshold then 1 end) as profile_top_customers,
        sum(earning.account_months) as profile_account_months,
        sum(earning.revenue) as profile_revenue
    from earning
    cross join thresholds
    group by earning.segment, earning.vertical, earning.business_model
),

-- A part that nobody filled in is no likeness; few customers are no pattern.
rated as (
    select
        profiles.*,
        thresholds.threshold,
        case
            when profiles.profile_customers >= {{ var('min_n') }}
                then {{ ratio('profiles.profile_revenue', 'profiles.profile_account_months') }}
        end as profile_arpa
    from profiles
    cross join thresholds
    where
        profiles.segment <> 'unassigned'
        and profiles.vertical <> 'unassigned'
        and profiles.business_model <> 'unassigned'
),

ranked as (
    select
        rated.*,
        dense_rank() over (order by profile_arpa desc nulls last) as profile_rank
    from rated
),

in_play as (
    select distinct account_id from opportunities
    where is_open
),

approached as (
    select
        account_id,
        min(first_touched_on) as first_touched_on
    from touched
    group by account_id
)

select
    accounts.account_id,
    accounts.account_name,
    accounts.segment,
    accounts.vertical,
    accounts.business_model,
    accounts.account_manager_rep_id,
    coalesce(ranked.profile_customers, 0) as profile_customers,
    coalesce(ranked.profile_top_customers, 0) as profile_top_customers,
    cast(coalesce(ranked.profile_account_months, 0) as bigint) as profile_account_months,
    cast(coalesce(ranked.profile_revenue, 0) as decimal(18, 2)) as profile_revenue,
    ranked.profile_arpa,
    thresholds.threshold as top_arpa,
    {{ ratio('ranked.profile_arpa', 'thresholds.threshold') }} as arpa_index,
    case when ranked.profile_arpa is not null then ranked.profile_rank end as profile_rank,
    approached.first_touched_on,
    in_play.account_id is not null as has_open_opportunity,
    ranked.profile_arpa >= thresholds.threshold as is_lookalike
from accounts
cross join thresholds
left join ranked
    on
        accounts.segment = ranked.segment
        and accounts.vertical = ranked.vertical
        and accounts.business_model = ranked.business_model
left join in_play
    on accounts.account_id = in_play.account_id
left join approached
    on accounts.account_id = approached.account_id
where accounts.customer_since_on is null and not accounts.is_deleted
