{{ config(enabled='zoho' in var('sources')) }}
-- The campaign of a lead is known for sure only where it became a potential, for its members have
-- names and no ids. It is left out: else every lead with a campaign would be one that converted.
with identities as (
    {{ zoho_lead_identities() | indent(4) }}
),

conversions as (
    select
        {{ typed('potentials.lead_id', 'varchar') }} as lead_id,
        max({{ zoho_potential_id('potentials') }}) as opportunity_id
    from {{ source('zoho', 'potentials') }} as potentials
    group by {{ typed('potentials.lead_id', 'varchar') }}
)

select
    identities.lead_id,
    identities.contact_id,
    identities.account_id,
    {{ typed('leads.email', 'varchar') }} as email,
    {{ typed('leads.mobile', 'varchar') }} as phone,
    {{ zoho_user('leads.lead_owner') }} as owner_rep_id,
    {{ canonical('zoho', 'lead_source', 'leads.lead_source') }} as source_channel,
    -- We went to those we called or looked up; the others came to us.
    case
        when lower(leads.lead_source) in ('cold call', 'web research') then 'outbound'
        else 'inbound'
    end as motion,
    {{ zoho_time('leads.created_time') }} as created_at,
    conversions.opportunity_id as converted_opportunity_id,
    {{ version_columns() }}
from {{ source('zoho', 'leads') }} as leads
inner join identities
    on {{ typed('leads.lead_id', 'varchar') }} = identities.lead_id
left join conversions
    on identities.lead_id = conversions.lead_id
