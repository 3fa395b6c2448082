-- Call-to-action click-through rate: clicks for each time a call-to-action was shown.
{%- set dimensions %}
        cta_id as cta,
        placement,
        campaign_id as campaign,
        channel
{%- endset %}
with events as (
    select * from {{ ref('fct_cta_events') }}
    where event_type in ('impression', 'click')
),

records as (
    select
        'headline' as variant,
        cta_event_id as record_id,
        occurred_on,
        event_type = 'click' as numerator,
        event_type = 'impression' as denominator,
        {{- dimensions }}
    from events
    union all
    -- Whoever sees or clicks a call-to-action several times is one visitor of it.
    select
        'unique_visitors' as variant,
        visitor_id || '/' || cta_id as record_id,
        occurred_on,
        event_type = 'click' as numerator,
        event_type = 'impression' as denominator,
        {{- dimensions }}
    from events
)

{{ kpi(
    'cta_click_through_rate',
    kind='ratio',
    time_basis='event',
    dimensions=['cta', 'placement', 'campaign', 'channel'],
    variants={'headline': {}, 'unique_visitors': {'distinct': true}},
) }}
