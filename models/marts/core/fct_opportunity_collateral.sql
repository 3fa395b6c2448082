-- One row per deal that counts and piece of collateral that was used in it.
with events as (
    select * from {{ ref('fct_collateral_events') }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

used as (
    select
        opportunity_id,
        collateral_id,
        collateral_type,
        min(occurred_at) as first_used_at,
        min(occurred_on) as first_used_on,
        count(*) as uses
    from events
    where opportunity_id is not null
    group by opportunity_id, collateral_id, collateral_type
)

select
    used.opportunity_id,
    used.collateral_id,
    used.collateral_type,
    used.uses,
    used.first_used_at,
    used.first_used_on,
    -- What was sent after the close had no part in it.
    opportunities.closed_at is null or used.first_used_at <= opportunities.closed_at
        as is_used_before_close,
    opportunities.opportunity_type,
    opportunities.owner_rep_id,
    opportunities.close_team_id,
    opportunities.segment,
    opportunities.outcome,
    opportunities.is_won,
    opportunities.is_lost,
    opportunities.closed_on,
    opportunities.amount
from used
inner join opportunities
    on used.opportunity_id = opportunities.opportunity_id
