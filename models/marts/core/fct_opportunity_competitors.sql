-- One row per deal that counts and competitor that took part in it.
with competitors as (
    select * from {{ ref('opportunity_competitors') }}
    where not is_deleted
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

-- A deal has one primary competitor; where several are marked, the lowest id keeps the mark.
ranked as (
    select
        competitors.opportunity_id,
        competitors.competitor_id,
        coalesce(competitors.is_primary, false) as is_marked,
        row_number() over (
            partition by competitors.opportunity_id, coalesce(competitors.is_primary, false)
            order by competitors.competitor_id
        ) as position
    from competitors
)

select
    ranked.opportunity_id,
    ranked.competitor_id,
    ranked.is_marked and ranked.position = 1 as is_primary,
    opportunities.account_id,
    opportunities.opportunity_type,
    opportunities.owner_rep_id,
    opportunities.sourced_by_rep_id,
    opportunities.close_team_id,
    opportunities.close_region,
    opportunities.segment,
    opportunities.vertical,
    opportunities.motion,
    opportunities.source_channel,
    opportunities.amount,
    opportunities.created_on,
    opportunities.closed_on,
    opportunities.is_open,
    opportunities.is_won,
    opportunities.is_lost,
    opportunities.is_excluded,
    opportunities.loss_reason_key
from ranked
inner join opportunities
    on ranked.opportunity_id = opportunities.opportunity_id
