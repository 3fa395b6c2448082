-- Lead follow-up rate: of the leads that asked for attention in a period, the share that somebody
-- got back to. Those that were sorted out before anybody had to are not asked for.
with responses as (
    select * from {{ ref('fct_lead_responses') }}
    where not is_disqualified_in_grace
),

records as (
    {%- for variant, condition in [
        ('headline', 'is_responded'), ('within_7_days', 'is_responded_in_time')
    ] %}
    select
        '{{ variant }}' as variant,
        lead_id as record_id,
        triggered_on as occurred_on,
        {{ condition }} as numerator,
        true as denominator,
        owner_rep_id as rep,
        owner_team_id as team,
        source_channel as channel,
        campaign_id as campaign
    from responses
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'lead_follow_up_rate',
    kind='rate',
    time_basis='cohort',
    dimensions=['rep', 'team', 'channel', 'campaign'],
    variants={
        'headline': {'matures_after': {'days': 1}},
        'within_7_days': {'matures_after': {'days': var('follow_up_days')}},
    },
) }}
