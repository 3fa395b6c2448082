-- Lead conversion time: how many days it took, from its creation, to make a customer through a
-- lead.
with leads as (
    select * from {{ ref('fct_leads') }}
),

converted as (
    select * from leads
    where customer_at >= created_at
),

records as (
    {%- for variant, day in [('headline', 'customer_on'), ('by_creation', 'created_on')] %}
    select
        '{{ variant }}' as variant,
        lead_id as record_id,
        {{ day }} as occurred_on,
        {{ elapsed_days('created_at', 'customer_at') }} as numerator,
        true as denominator,
        owner_rep_id as rep,
        creation_team_id as team,
        source_channel as channel
    from converted
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'lead_conversion_time',
    kind='average',
    dimensions=['rep', 'team', 'channel'],
    variants={
        'headline': {'time_basis': 'event'},
        'by_creation': {
            'time_basis': 'cohort',
            'matures_after': {'days': var('conversion_horizon_days')},
        },
    },
) }}
