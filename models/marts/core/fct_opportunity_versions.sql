-- One row per deal and version that arrived: what its row said from day to day, half-open
-- [valid_from_on, valid_to_on). The history of stages has neither owners nor expected closes; a
-- source that delivers its deals again and again has, in the versions of the row.
with versions as (
    select * from {{ ref('opportunity_versions') }}
    where not is_deleted
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

numbered as (
    select
        versions.opportunity_id,
        opportunities.created_on,
        coalesce(versions.owner_rep_id, 'unassigned') as owner_rep_id,
        versions.expected_close_on,
        versions.pipeline_id || '/' || versions.stage_id as stage,
        versions.amount as amount_in_currency,
        versions.currency,
        {{ business_date('versions.updated_at') }} as updated_on,
        row_number() over (
            partition by versions.opportunity_id
            order by versions.updated_at nulls first
        ) as version_number
    from versions
    inner join opportunities
        on versions.opportunity_id = opportunities.opportunity_id
),

-- What was said before the first version is not known: it reaches back to the creation.
dated as (
    select
        numbered.*,
        case
            when version_number = 1 then created_on
            else greatest(updated_on, created_on)
        end as valid_from_on
    from numbered
    where version_number = 1 or updated_on <= {{ as_of_date() }}
),

-- Of several versions of one day the last one holds.
ranked as (
    select
        dated.*,
        row_number() over (
            partition by opportunity_id, valid_from_on
            order by version_number desc
        ) as recency
    from dated
)

select
    opportunity_id,
    owner_rep_id,
    expected_close_on,
    stage,
    amount_in_currency,
    currency,
    valid_from_on,
    lead(valid_from_on) over (partition by opportunity_id order by valid_from_on) as valid_to_on
from ranked
where recency = 1
