-- The lead each new customer is credited to: the lead of the deal that won the account, else the
-- lead converted into that deal, else the account's earliest lead created before the win.
with first_wins as (
    select * from {{ ref('int_account_first_wins') }}
),

surviving_leads as (
    select * from {{ ref('int_leads') }}
),

leads as (
    select * from {{ ref('leads') }}
),

lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

candidates as (
    select
        first_wins.opportunity_id,
        first_wins.closed_at,
        surviving_leads.lead_id,
        surviving_leads.created_at,
        1 as preference
    from first_wins
    inner join surviving_leads
        on first_wins.lead_id = surviving_leads.lead_id
    union all
    select
        first_wins.opportunity_id,
        first_wins.closed_at,
        surviving_leads.lead_id,
        surviving_leads.created_at,
        2 as preference
    from first_wins
    inner join leads
        on first_wins.opportunity_id = leads.converted_opportunity_id
    inner join lead_survivors
        on leads.lead_id = lead_survivors.lead_id
    inner join surviving_leads
        on lead_survivors.survivor_id = surviving_leads.lead_id
    union all
    select
        first_wins.opportunity_id,
        first_wins.closed_at,
        surviving_leads.lead_id,
        surviving_leads.created_at,
        3 as preference
    from first_wins
    inner join surviving_leads
        on
            first_wins.account_id = surviving_leads.account_id
            and first_wins.closed_at >= surviving_leads.created_at
),

ranked as (
    select
        candidates.*,
        row_number() over (
            partition by opportunity_id
            order by preference, created_at, lead_id
        ) as position
    from candidates
)

-- A lead that two accounts were won through counts once, at the first of them.
select
    lead_id,
    min(closed_at) as customer_at
from ranked
where position = 1
group by lead_id
