{{ config(enabled='zoho' in var('sources')) }}
-- An open potential has a closing date too, the expected one: `closes_on`, beside the contract.
with identities as (
    {{ zoho_lead_identities() | indent(4) }}
)

select
    {{ zoho_potential_id('potentials') }} as opportunity_id,
    coalesce(
        {{ typed('potentials.account_id', 'varchar') }},
        identities.account_id,
        identities.company_id
    ) as account_id,
    coalesce({{ typed('potentials.contact_id', 'varchar') }}, identities.contact_id)
        as primary_contact_id,
    {{ typed('potentials.lead_id', 'varchar') }} as lead_id,
    {{ zoho_user('potentials.potential_owner') }} as owner_rep_id,
    -- What "Existing Business" buys is not said.
    case
        when lower(potentials.type) = 'existing business' then 'upsell'
        else 'new_business'
    end as opportunity_type,
    'zoho' as pipeline_id,
    {{ typed('potentials.stage', 'varchar', accepted=true) }} as stage_id,
    {{ zoho_money('potentials.amount') }} as amount,
    'USD' as currency,
    {{ canonical('zoho', 'lead_source', 'potentials.lead_source') }} as source_channel,
    {{ typed('potentials.campaign_id', 'varchar') }} as campaign_id,
    {{ zoho_time('potentials.created_time') }} as created_at,
    case
        when lower(potentials.stage) like 'closed %'
            then {{ zoho_time('potentials.closing_date') }}
    end as closed_at,
    case lower(potentials.stage)
        when 'closed won' then 'won'
        when 'closed lost' then 'lost'
    end as outcome,
    {{ zoho_date('potentials.closing_date') }} as closes_on,
    {{ version_columns() }}
from {{ source('zoho', 'potentials') }} as potentials
left join identities
    on {{ typed('potentials.lead_id', 'varchar') }} = identities.lead_id
