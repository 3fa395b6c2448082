-- Churn within 9 months of close: of the new customers of a period, the share lost within 9 months.
-- A customer counts once the 9 months and the grace have passed, so a young period is null, not 0.
with customers as (
    select * from {{ ref('fct_new_customers') }}
),

records as (
    {%- for variant, anchor in [('headline', 'won_on'), ('from_onboarding', 'onboarded_on')] %}
    select
        '{{ variant }}' as variant,
        account_id as record_id,
        {{ anchor }} as occurred_on,
        coalesce(first_lost_on <= {{ add_months(anchor, 9) }}, false)
        and {{ is_past(anchor, 9) }} as numerator,
        {{ is_past(anchor, 9) }} as denominator,
        rep_id as rep,
        segment,
        cycle_bucket
    from customers
    where {{ anchor }} is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'post_close_churn_rate_9m',
    kind='rate',
    dimensions=['rep', 'segment', 'cycle_bucket'],
    variants={
        'headline': {
            'time_basis': 'cohort',
            'matures_after': {'months': 9, 'days': var('churn_grace_days') + 1},
        },
        'from_onboarding': {
            'time_basis': 'cohort',
            'matures_after': {'months': 9, 'days': var('churn_grace_days') + 1},
        },
    },
) }}
