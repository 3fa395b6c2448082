-- Positive reply rate: of the prospects first contacted in a period, the share whose last word was
-- positive. How often somebody was touched or answered does not matter.
{%- set dimensions = ['rep', 'team', 'method', 'channel', 'campaign', 'segment', 'tenure'] %}
with prospects as (
    select
        person_id,
        first_touched_at,
        first_touched_on,
        decided_sentiment,
        has_positive_reply,
        rep_id as rep,
        team_id as team,
        method,
        source_channel as channel,
        campaign_id as campaign,
        segment,
        tenure
    from {{ ref('fct_prospects') }}
    where not was_customer
),

activities as (
    select * from {{ ref('fct_activities') }}
),

records as (
    {%- for variant, condition in [
        ('headline', "decided_sentiment = 'positive'"),
        ('any_positive', 'has_positive_reply'),
        ('unclassified', 'decided_sentiment is null'),
    ] %}
    select
        '{{ variant }}' as variant,
        person_id as record_id,
        first_touched_on as occurred_on,
        coalesce({{ condition }}, false) as numerator,
        true as denominator,
        {{ dimensions | join(',\n        ') }}
    from prospects
    union all
    {%- endfor %}
    -- Touched in a period, and positive in it.
    select
        'by_event' as variant,
        prospects.person_id as record_id,
        activities.occurred_on,
        false as numerator,
        true as denominator,
        prospects.{{ dimensions | join(',\n        prospects.') }}
    from prospects
    inner join activities
        on prospects.person_id = activities.person_id
    where activities.is_outbound_touch
    union all
    select
        'by_event' as variant,
        prospects.person_id as record_id,
        activities.occurred_on,
        true as numerator,
        false as denominator,
        prospects.{{ dimensions | join(',\n        prospects.') }}
    from prospects
    inner join activities
        on
            prospects.person_id = activities.person_id
            and prospects.first_touched_at <= activities.occurred_at
    where activities.is_answer and activities.reply_sentiment = 'positive'
)

{{ kpi(
    'positive_reply_rate',
    kind='rate',
    grains=month_grains(),
    dimensions=dimensions,
    variants={
        'headline': {'time_basis': 'cohort'},
        'any_positive': {'time_basis': 'cohort'},
        'unclassified': {'time_basis': 'cohort'},
        'by_event': {'time_basis': 'event', 'distinct': true},
    },
) }}
