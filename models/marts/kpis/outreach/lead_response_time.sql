-- Lead response time: minutes from the moment a lead asks for attention, qualified or by a form, to
-- the first time somebody gets back to it.
{%- set dimensions = ['rep', 'team', 'channel', 'campaign', 'hour_of_day'] %}
with responses as (
    select
        lead_id as record_id,
        triggered_on,
        responded_on,
        is_responded,
        response_minutes,
        response_business_minutes,
        owner_rep_id as rep,
        owner_team_id as team,
        source_channel as channel,
        campaign_id as campaign,
        hour_of_day
    from {{ ref('fct_lead_responses') }}
),

records as (
    {%- for variant, day, measure, condition in [
        ('headline', 'triggered_on', 'response_minutes', 'is_responded'),
        ('business_minutes', 'triggered_on', 'response_business_minutes',
            'response_business_minutes is not null'),
        ('by_response', 'responded_on', 'response_minutes', 'is_responded'),
        ('unresponded', 'triggered_on', '1', 'not is_responded'),
    ] %}
    select
        '{{ variant }}' as variant,
        record_id,
        {{ day }} as occurred_on,
        {{ measure }} as numerator,
        1 as denominator,
        {{ dimensions | join(',\n        ') }}
    from responses
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'lead_response_time',
    kind='average',
    dimensions=dimensions,
    variants={
        'headline': {},
        'business_minutes': {},
        'by_response': {},
        'unresponded': {'kind': 'sum'},
    },
) }}
