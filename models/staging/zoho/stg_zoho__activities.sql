{{ config(enabled='zoho' in var('sources')) }}
-- Calls and appointments. How long a call lasted, `duration_seconds`, is beside the contract.
with potential_ids as (
    select distinct {{ typed('potential_id', 'varchar') }} as potential_id
    from {{ source('zoho', 'potentials') }}
),

touches as (
    select
        'call-' || {{ typed('task_id', 'varchar') }} as activity_id,
        'call' as activity_type,
        case when lower(call_type) = 'outbound' then 'outbound' else 'inbound' end as direction,
        lower(call_type) = 'outbound' and lower(coalesce(call_purpose, '')) = 'prospecting'
            as is_cold,
        {{ typed('call_owner_id', 'varchar') }} as rep_id,
        {{ typed('lead_id', 'varchar') }} as lead_id,
        {{ typed('contact_id', 'varchar') }} as contact_id,
        {{ typed('account_id', 'varchar') }} as account_id,
        {{ typed('potential_id', 'varchar') }} as potential_id,
        cast(null as timestamp) as booked_at,
        cast(null as timestamp) as scheduled_for,
        {{ zoho_time('call_start_time') }} as occurred_at,
        case when lower(call_type) = 'missed' then 'no_show' else 'completed' end as status,
        {{ typed('call_duration_in_seconds', 'integer') }} as duration_seconds,
        {{ version_columns() }}
    from {{ source('zoho', 'calls') }}
    union all
    -- An appointment has no kind but what its subject says. One that lies ahead counts once its
    -- time has come; that it was called off is not recorded.
    select
        'event-' || {{ typed('event_id', 'varchar') }} as activity_id,
        case
            when lower(subject) like '%demo%' then 'demo'
            when lower(subject) like '%call%' then 'call'
            else 'video_meeting'
        end as activity_type,
        'outbound' as direction,
        false as is_cold,
        {{ typed('event_owner_id', 'varchar') }} as rep_id,
        {{ typed('lead_id', 'varchar') }} as lead_id,
        {{ typed('contact_id', 'varchar') }} as contact_id,
        {{ typed('account_id', 'varchar') }} as account_id,
        {{ typed('potential_id', 'varchar') }} as potential_id,
        {{ zoho_time('created_time') }} as booked_at,
        {{ zoho_time('start_datetime') }} as scheduled_for,
        {{ zoho_time('start_datetime') }} as occurred_at,
        'completed' as status,
        cast(null as integer) as duration_seconds,
        {{ version_columns() }}
    from {{ source('zoho', 'events') }}
)

-- A potential that is named by its id is known only if the potentials have ids.
select
    touches.activity_id,
    touches.activity_type,
    touches.direction,
    touches.is_cold,
    false as is_automated,
    touches.rep_id,
    touches.lead_id,
    touches.contact_id,
    touches.account_id,
    potential_ids.potential_id as opportunity_id,
    touches.booked_at,
    touches.scheduled_for,
    touches.occurred_at,
    touches.status,
    false as is_auto_reply,
    touches.duration_seconds,
    touches.updated_at,
    touches.is_deleted,
    touches.load_id,
    touches.row_number,
    touches.first_load_id,
    touches.first_row_number
from touches
left join potential_ids
    on touches.potential_id = potential_ids.potential_id
