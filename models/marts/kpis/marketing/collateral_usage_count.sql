-- Marketing collateral usage: how often guides, videos, case studies and the like were shared,
-- viewed, downloaded or trained on.
with events as (
    select * from {{ ref('fct_collateral_events') }}
),

records as (
    select
        collateral_event_id as record_id,
        occurred_on,
        1 as numerator,
        collateral_id as collateral,
        collateral_type,
        event_type,
        rep_id as rep,
        segment
    from events
)

{{ kpi(
    'collateral_usage_count',
    kind='sum',
    time_basis='event',
    dimensions=['collateral', 'collateral_type', 'event_type', 'rep', 'segment'],
) }}
