{{ config(enabled='zoho' in var('sources')) }}
with identities as (
    {{ zoho_lead_identities() | indent(4) }}
)

select
    {{ typed('account_id', 'varchar') }} as account_id,
    {{ typed('account_name', 'varchar') }} as account_name,
    {{ canonical('zoho', 'industry', 'industry') }} as vertical,
    'b2b' as business_model,
    {{ typed('account_owner_id', 'varchar') }} as account_manager_rep_id,
    false as is_test,
    {{ version_columns() }}
from {{ source('zoho', 'accounts') }}
union all
-- Companies with a deal that are none of the accounts: a deal has an account.
select
    identities.company_id as account_id,
    identities.company_name as account_name,
    cast(null as {{ dbt.type_string() }}) as vertical,
    'b2b' as business_model,
    cast(null as {{ dbt.type_string() }}) as account_manager_rep_id,
    false as is_test,
    {{ version_columns() }}
from {{ source('zoho', 'potentials') }} as potentials
inner join identities
    on {{ typed('potentials.lead_id', 'varchar') }} = identities.lead_id
where
    identities.account_id is null
    and {{ typed('potentials.account_id', 'varchar') }} is null
