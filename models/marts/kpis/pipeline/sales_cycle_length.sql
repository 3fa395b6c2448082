-- Sales cycle length: how many days the deals won in a period took from the first two-way contact
-- to the close. The stand-in used where no contact is known is in fct_opportunities.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

records as (
    select
        case when is_won then 'headline' else 'lost_deals' end as variant,
        opportunity_id as record_id,
        closed_on as occurred_on,
        cycle_days as numerator,
        true as denominator,
        owner_rep_id as rep,
        close_team_id as team,
        segment,
        motion,
        business_model,
        cycle_start_source
    from opportunities
    where (is_won or is_lost) and opportunity_type <> 'renewal' and cycle_days is not null
)

{{ kpi(
    'sales_cycle_length',
    kind='average',
    dimensions=['rep', 'team', 'segment', 'motion', 'business_model', 'cycle_start_source'],
    variants={
        'headline': {'time_basis': 'event'},
        'lost_deals': {'time_basis': 'event'},
    },
) }}
