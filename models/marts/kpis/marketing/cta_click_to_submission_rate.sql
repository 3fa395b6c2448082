-- Click-to-submission rate: of the clicks on a call-to-action, the share that led to a submitted
-- form within 24 hours.
{%- set dimensions %}
        cta_id as cta,
        campaign_id as campaign,
        placement,
        channel
{%- endset %}
with clicks as (
    select * from {{ ref('fct_cta_events') }}
    where event_type = 'click'
),

records as (
    select
        'headline' as variant,
        cta_event_id as record_id,
        occurred_on,
        submissions > 0 as numerator,
        true as denominator,
        {{- dimensions }}
    from clicks
    union all
    select
        'by_event' as variant,
        cta_event_id as record_id,
        occurred_on,
        false as numerator,
        true as denominator,
        {{- dimensions }}
    from clicks
    union all
    select
        'by_event' as variant,
        cta_event_id as record_id,
        first_submitted_on as occurred_on,
        true as numerator,
        false as denominator,
        {{- dimensions }}
    from clicks
    where submissions > 0
)

{{ kpi(
    'cta_click_to_submission_rate',
    kind='rate',
    dimensions=['cta', 'campaign', 'placement', 'channel'],
    variants={
        'headline': {'time_basis': 'cohort', 'matures_after': {'days': 1}},
        'by_event': {'time_basis': 'event', 'kind': 'ratio'},
    },
) }}
