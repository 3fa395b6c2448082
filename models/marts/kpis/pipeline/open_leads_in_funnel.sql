-- Open leads in funnel: leads and deals that are neither won, lost nor disqualified at the end of a
-- day. A lead with a deal is counted once, as its deal.
with lead_spells as (
    select * from {{ ref('fct_lead_stage_spells') }}
    where stage in ('lead', 'mql', 'sql', 'opportunity')
),

leads as (
    select * from {{ ref('fct_leads') }}
),

deal_states as (
    select * from {{ ref('fct_opportunity_states') }}
    where opportunity_type <> 'renewal'
),

records as (
    select
        lead_spells.lead_id as record_id,
        lead_spells.entered_on,
        least(lead_spells.left_on, leads.opportunity_reached_on) as left_on,
        true as numerator,
        true as denominator,
        lead_spells.owner_rep_id as rep,
        lead_spells.creation_team_id as team,
        lead_spells.stage,
        'lead' as record_kind
    from lead_spells
    inner join leads
        on lead_spells.lead_id = leads.lead_id
    where
        leads.opportunity_reached_on is null
        or leads.opportunity_reached_on > lead_spells.entered_on
    union all
    select
        opportunity_id as record_id,
        entered_on,
        left_on,
        true as numerator,
        true as denominator,
        owner_rep_id as rep,
        team_id as team,
        stage,
        'opportunity' as record_kind
    from deal_states
)

{{ kpi(
    'open_leads_in_funnel',
    kind='sum',
    time_basis='snapshot',
    dimensions=['rep', 'team', 'stage', 'record_kind'],
) }}
