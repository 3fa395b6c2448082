-- New opportunities: deals created in a period, and what they were worth then.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where opportunity_type <> 'renewal' and not is_excluded
),

records as (
    {%- for variant, measure in [('headline', '1'), ('value', 'amount_at_creation')] %}
    select
        '{{ variant }}' as variant,
        opportunity_id as record_id,
        created_on as occurred_on,
        {{ measure }} as numerator,
        owner_rep_id as rep,
        creation_team_id as team,
        creation_territory_id as territory,
        sourced_by_rep_id as sourcing_rep,
        motion,
        campaign_id as campaign,
        source_channel as channel,
        segment
    from opportunities
    {%- if variant == 'value' %}
    where amount_at_creation is not null
    {%- else %}
    union all
    {%- endif %}
    {%- endfor %}
)

{{ kpi(
    'new_opportunities',
    kind='sum',
    time_basis='event',
    dimensions=[
        'rep', 'team', 'territory', 'sourcing_rep', 'motion', 'campaign', 'channel', 'segment'
    ],
    variants={'headline': {}, 'value': {}},
) }}
