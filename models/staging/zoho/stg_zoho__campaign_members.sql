{{ config(enabled='zoho' in var('sources')) }}
-- How far each campaign of any kind got with each of its members.
with members as (
    {{ zoho_campaign_members() | indent(4) }}
)

select
    member_id,
    campaign_id,
    campaign_type,
    status,
    changed_at,
    {{ version_columns() }}
from members
