{{ config(enabled='zoho' in var('sources')) }}
-- What the status of a member of an e-mail campaign proves: who answered has opened, who opened or
-- opted out has received.
{%- set events = [
    ('received', 'delivered'),
    ('bounced', 'bounced'),
    ('opened', 'delivered'),
    ('opened', 'opened'),
    ('responded', 'delivered'),
    ('responded', 'opened'),
    ('opted out', 'delivered'),
    ('opted out', 'unsubscribed'),
] %}
with members as (
    {{ zoho_campaign_members() | indent(4) }}
),

events as (
    {%- for status, event_type in events %}
    select
        '{{ status }}' as status,
        '{{ event_type }}' as event_type
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    members.member_id || '-' || events.event_type as email_event_id,
    members.member_id as email_send_id,
    events.event_type,
    members.changed_at as occurred_at,
    false as is_machine_open,
    {{ version_columns() }}
from members
inner join events
    on lower(members.status) = events.status
where lower(members.campaign_type) = 'email'
