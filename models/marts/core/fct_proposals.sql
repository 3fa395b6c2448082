-- One row per version of a proposal or contract that was sent for a deal that counts.
with proposals as (
    select * from {{ ref('proposals') }}
    where not is_deleted and {{ business_date('sent_at') }} <= {{ as_of_date() }}
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

-- An answer after as_of_date has not been given.
versions as (
    select
        proposal_id,
        opportunity_id,
        version_no,
        sent_at,
        coalesce(sent_by_rep_id, 'unassigned') as sent_by_rep_id,
        {{ business_date('sent_at') }} as sent_on,
        case
            when {{ business_date('signed_at') }} <= {{ as_of_date() }}
                then {{ business_date('signed_at') }}
        end as signed_on,
        case
            when {{ business_date('declined_at') }} <= {{ as_of_date() }}
                then {{ business_date('declined_at') }}
        end as declined_on,
        row_number() over (
            partition by opportunity_id
            order by version_no, sent_at, proposal_id
        ) as position,
        row_number() over (
            partition by opportunity_id
            order by version_no desc, sent_at desc, proposal_id desc
        ) as position_from_last
    from proposals
)

select
    versions.proposal_id,
    versions.opportunity_id,
    versions.version_no,
    versions.position = 1 as is_first,
    versions.position_from_last = 1 as is_last,
    versions.sent_at,
    versions.sent_on,
    versions.signed_on,
    versions.declined_on,
    versions.sent_by_rep_id,
    coalesce(assignments.team_id, 'unassigned') as sender_team_id,
    coalesce(assignments.region, 'unassigned') as sender_region,
    opportunities.account_id,
    opportunities.opportunity_type,
    opportunities.owner_rep_id,
    opportunities.sourced_by_rep_id,
    opportunities.segment,
    opportunities.vertical,
    opportunities.motion,
    opportunities.source_channel,
    opportunities.amount,
    opportunities.created_on,
    opportunities.closed_on,
    opportunities.is_open,
    opportunities.is_won,
    opportunities.is_lost,
    opportunities.is_excluded
from versions
inner join opportunities
    on versions.opportunity_id = opportunities.opportunity_id
left join assignments
    on
        versions.sent_by_rep_id = assignments.rep_id
        and versions.sent_on >= assignments.valid_from
        and versions.sent_on < assignments.valid_to
