-- E-mail open rate: of the e-mails of a period that were delivered, the share that a person opened.
{%- set dimensions %}
        campaign_id as campaign,
        rep_id as rep,
        subject_variant,
        segment
{%- endset %}
with sends as (
    select * from {{ ref('fct_email_sends') }}
    where is_delivered
),

records as (
    {%- for variant, opened in [
        ('headline', 'is_opened'), ('with_machine_opens', 'is_opened_or_fetched')
    ] %}
    select
        '{{ variant }}' as variant,
        email_send_id as record_id,
        sent_on as occurred_on,
        {{ opened }} as numerator,
        true as denominator,
        {{- dimensions }}
    from sends
    union all
    {%- endfor %}
    select
        'by_event' as variant,
        email_send_id as record_id,
        sent_on as occurred_on,
        false as numerator,
        true as denominator,
        {{- dimensions }}
    from sends
    union all
    select
        'by_event' as variant,
        email_send_id as record_id,
        first_opened_on as occurred_on,
        true as numerator,
        false as denominator,
        {{- dimensions }}
    from sends
    where is_opened
)

{{ kpi(
    'email_open_rate',
    kind='rate',
    time_basis='cohort',
    dimensions=['campaign', 'rep', 'subject_variant', 'segment'],
    variants={
        'headline': {},
        'with_machine_opens': {},
        'by_event': {'kind': 'ratio', 'time_basis': 'event'},
    },
) }}
