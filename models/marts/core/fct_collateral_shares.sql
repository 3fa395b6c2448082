-- One row per piece of collateral and person it was shared with: from the first time it was shared,
-- and whether the person looked at it since.
with events as (
    select * from {{ ref('fct_collateral_events') }}
    where contact_id is not null
),

shared as (
    select
        collateral_id,
        contact_id,
        min(occurred_at) as first_shared_at,
        count(*) as shares
    from events
    where event_type = 'shared'
    group by collateral_id, contact_id
),

engaged as (
    select
        shared.collateral_id,
        shared.contact_id,
        min(events.occurred_at) as first_engaged_at
    from shared
    inner join events
        on
            shared.collateral_id = events.collateral_id
            and shared.contact_id = events.contact_id
            and shared.first_shared_at <= events.occurred_at
    where events.event_type in ('viewed', 'downloaded')
    group by shared.collateral_id, shared.contact_id
),

-- Several events of the first instant would share it once more.
first_events as (
    select
        events.*,
        row_number() over (
            partition by collateral_id, contact_id
            order by occurred_at, collateral_event_id
        ) as position
    from events
    where event_type = 'shared'
)

select
    first_events.collateral_id,
    first_events.contact_id,
    first_events.collateral_type,
    first_events.rep_id as first_shared_by_rep_id,
    first_events.account_id,
    first_events.segment,
    first_events.buyer_persona,
    shared.shares,
    first_events.occurred_at as first_shared_at,
    first_events.occurred_on as first_shared_on,
    engaged.first_engaged_at,
    engaged.first_engaged_at is not null as is_engaged
from first_events
inner join shared
    on
        first_events.collateral_id = shared.collateral_id
        and first_events.contact_id = shared.contact_id
left join engaged
    on
        first_events.collateral_id = engaged.collateral_id
        and first_events.contact_id = engaged.contact_id
where first_events.position = 1
