-- One row per capability, competitor or ourselves, and day on which it was looked at by as_of_date.
with offerings as (
    select
        -- Our own rows name no competitor.
        coalesce(nullif(competitor_id, ''), 'own') as competitor_id,
        coalesce(competitor_id, '') = '' as is_own,
        {{ label_key('capability') }} as capability_key,
        capability,
        is_offered,
        observed_on
    from {{ ref('competitor_offerings') }}
    where not is_deleted and is_offered is not null and observed_on <= {{ as_of_date() }}
),

-- One capability in two spellings on one day: it is offered if either says so.
ranked as (
    select
        offerings.*,
        row_number() over (
            partition by competitor_id, capability_key, observed_on
            order by is_offered desc, capability asc
        ) as position
    from offerings
)

select
    competitor_id,
    is_own,
    capability_key,
    capability,
    is_offered,
    observed_on,
    lead(observed_on) over (
        partition by competitor_id, capability_key
        order by observed_on
    ) as replaced_on,
    lead(observed_on) over (
        partition by competitor_id, capability_key
        order by observed_on
    ) is null as is_current
from ranked
where position = 1
