-- Touches per closed deal: what people did for a deal until it was won, however long ago. A deal
-- won without a touch counts with none.
{%- set types = [
    'call', 'email', 'video_meeting', 'in_person_meeting', 'demo', 'social', 'referral_request',
    'voicemail'
] %}
with deals as (
    select * from {{ ref('fct_opportunities') }}
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

activities as (
    select * from {{ ref('fct_activities') }}
    where is_human
),

touched as (
    select
        deals.opportunity_id as record_id,
        deals.closed_on as occurred_on,
        deals.is_won,
        deals.owner_rep_id as rep,
        deals.close_team_id as team,
        deals.segment,
        deals.motion,
        {%- for type in types %}
        count(case when activities.activity_type = '{{ type }}' then 1 end) as {{ type }}_touches,
        {%- endfor %}
        count(activities.activity_id) as touches
    from deals
    left join activities
        on
            deals.opportunity_id = activities.attributed_opportunity_id
            and deals.closed_at >= activities.occurred_at
    group by
        deals.opportunity_id, deals.closed_on, deals.is_won, deals.owner_rep_id,
        deals.close_team_id, deals.segment, deals.motion
),

records as (
    {%- for variant in ['headline'] + types + ['all_closed'] %}
    select
        '{{ variant }}' as variant,
        record_id,
        occurred_on,
        {{ variant ~ '_touches' if variant in types else 'touches' }} as numerator,
        1 as denominator,
        rep,
        team,
        segment,
        motion
    from touched
    {% if variant != 'all_closed' %}where is_won
    union all{% endif %}
    {%- endfor %}
)

{%- set variants = {'headline': {}} %}
{%- for type in types %}{% do variants.update({type: {}}) %}{% endfor %}
{%- do variants.update({'all_closed': {}}) %}

{{ kpi(
    'touches_per_closed_deal',
    kind='average',
    grains=month_grains(),
    dimensions=['rep', 'team', 'segment', 'motion'],
    variants=variants,
) }}
