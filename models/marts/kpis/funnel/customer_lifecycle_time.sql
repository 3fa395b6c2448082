-- First impression to first purchase: how many days passed between an account's first contact with
-- our marketing and its first purchase.
with customers as (
    select * from {{ ref('fct_first_purchases') }}
),

timed as (
    select * from customers
    where first_purchase_at >= first_impression_at
),

records as (
    {%- for variant, day in [
        ('headline', 'first_purchase_on'), ('by_impression', 'first_impression_on')
    ] %}
    select
        '{{ variant }}' as variant,
        account_id as record_id,
        {{ day }} as occurred_on,
        {{ elapsed_days('first_impression_at', 'first_purchase_at') }} as numerator,
        true as denominator,
        first_channel as channel,
        first_campaign_id as campaign,
        segment
    from timed
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'customer_lifecycle_time',
    kind='average',
    dimensions=['channel', 'campaign', 'segment'],
    variants={
        'headline': {'time_basis': 'event'},
        'by_impression': {
            'time_basis': 'cohort',
            'matures_after': {'days': var('conversion_horizon_days')},
        },
    },
) }}
