-- Proposals sent: deals whose first proposal went out in a period, and versions sent in all.
with proposals as (
    select * from {{ ref('fct_proposals') }}
),

records as (
    {%- for variant in ['headline', 'versions'] %}
    select
        '{{ variant }}' as variant,
        proposal_id as record_id,
        sent_on as occurred_on,
        1 as numerator,
        sent_by_rep_id as rep,
        sender_team_id as team,
        sourced_by_rep_id as sourcing_rep,
        motion,
        segment
    from proposals
    {%- if variant == 'headline' %}
    where is_first
    union all
    {%- endif %}
    {%- endfor %}
)

{{ kpi(
    'proposals_sent',
    kind='sum',
    time_basis='event',
    dimensions=['rep', 'team', 'sourcing_rep', 'motion', 'segment'],
    variants={'headline': {}, 'versions': {}},
) }}
