-- Every entry of a surviving lead into a stage, those of merged records included: from its stage
-- history and, for opportunity and customer, from the deals that prove it. A label of the history
-- moves a lead along its lifecycle; an opportunity or a customer is made by a deal alone, since
-- many systems label every contact of an account that bought.
with lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

lead_stage_history as (
    select * from {{ ref('lead_stage_history') }}
    where not is_deleted and {{ business_date('entered_at') }} <= {{ as_of_date() }}
),

leads as (
    select * from {{ ref('leads') }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

conversions as (
    select * from {{ ref('int_lead_conversions') }}
),

surviving_leads as (
    select * from {{ ref('int_leads') }}
),

entries as (
    select
        lead_survivors.survivor_id as lead_id,
        lead_stage_history.stage,
        lead_stage_history.entered_at,
        true as is_from_history
    from lead_stage_history
    inner join lead_survivors
        on lead_stage_history.lead_id = lead_survivors.lead_id
    union all
    select
        lead_id,
        'opportunity' as stage,
        created_at as entered_at,
        false as is_from_history
    from opportunities
    where lead_id is not null
    union all
    select
        lead_survivors.survivor_id as lead_id,
        'opportunity' as stage,
        opportunities.created_at as entered_at,
        false as is_from_history
    from leads
    inner join lead_survivors
        on leads.lead_id = lead_survivors.lead_id
    inner join opportunities
        on leads.converted_opportunity_id = opportunities.opportunity_id
    union all
    select
        lead_id,
        'customer' as stage,
        customer_at as entered_at,
        false as is_from_history
    from conversions
    union all
    select
        lead_survivors.survivor_id as lead_id,
        'disqualified' as stage,
        leads.disqualified_at as entered_at,
        false as is_from_history
    from leads
    inner join lead_survivors
        on leads.lead_id = lead_survivors.lead_id
    where
        (not leads.is_deleted or leads.merged_into_lead_id is not null)
        and {{ business_date('leads.disqualified_at') }} <= {{ as_of_date() }}
)

-- A deal that its lead names and that names its lead is one entry.
select distinct
    entries.lead_id,
    entries.stage,
    case entries.stage
        when 'lead' then 1
        when 'mql' then 2
        when 'sql' then 3
        when 'opportunity' then 4
        when 'customer' then 5
    end as stage_order,
    entries.entered_at,
    entries.is_from_history
from entries
inner join surviving_leads
    on entries.lead_id = surviving_leads.lead_id
