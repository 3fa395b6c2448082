-- The deal that won each account: its first won deal that is no renewal.
with opportunities as (
    select * from {{ ref('int_opportunities') }}
    where is_won and opportunity_type <> 'renewal' and account_id is not null
),

ranked as (
    select
        opportunities.*,
        row_number() over (partition by account_id order by closed_at, opportunity_id) as position
    from opportunities
)

select
    account_id,
    opportunity_id,
    lead_id,
    closed_at,
    closed_on,
    owner_rep_id,
    close_team_id,
    motion,
    source_channel,
    cycle_days,
    cycle_bucket
from ranked
where position = 1
