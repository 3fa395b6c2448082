{{ config(enabled='zoho' in var('sources')) }}
-- Members of e-mail campaigns who were written to. When is not recorded: the first status known is
-- nearest to it.
with members as (
    {{ zoho_campaign_members() | indent(4) }}
)

select
    member_id as email_send_id,
    campaign_id,
    min(changed_at) over (partition by member_id) as sent_at,
    {{ version_columns() }}
from members
where lower(campaign_type) = 'email' and lower(status) not in ('planned', 'invited')
