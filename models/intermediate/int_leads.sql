-- One row per surviving lead: what its whole merge group was first, and who has it now. The
-- earliest record gives creation and source; the survivor gives owner, account and contact.
with leads as (
    select * from {{ ref('leads') }}
),

lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

-- Many systems mark a merged record as deleted; it still belongs to its survivor.
members as (
    select
        lead_survivors.survivor_id,
        leads.*,
        row_number() over (
            partition by lead_survivors.survivor_id
            order by leads.created_at, leads.lead_id
        ) as position
    from leads
    inner join lead_survivors
        on leads.lead_id = lead_survivors.lead_id
    where not leads.is_deleted or leads.merged_into_lead_id is not null
),

earliest as (
    select * from members
    where position = 1
),

survivors as (
    select * from leads
    where not is_deleted
)

select
    survivors.lead_id,
    coalesce(account_survivors.survivor_id, survivors.account_id) as account_id,
    survivors.contact_id,
    coalesce(survivors.owner_rep_id, 'unassigned') as owner_rep_id,
    coalesce(earliest.source_channel, 'unassigned') as source_channel,
    coalesce(earliest.campaign_id, 'unassigned') as campaign_id,
    coalesce(earliest.motion, 'unassigned') as motion,
    coalesce(accounts.segment, 'unassigned') as segment,
    earliest.created_at,
    {{ business_date('earliest.created_at') }} as created_on
from survivors
inner join earliest
    on survivors.lead_id = earliest.survivor_id
left join account_survivors
    on survivors.account_id = account_survivors.account_id
left join accounts
    on account_survivors.survivor_id = accounts.account_id
where
    not coalesce(accounts.is_test, false)
    and {{ business_date('earliest.created_at') }} <= {{ as_of_date() }}
