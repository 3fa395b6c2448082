-- What each deal was from day to day while it was open: half-open [entered_on, left_on), left_on
-- null while it lasts. A new row begins with every stage entry, and where the value changed since
-- the last one. A reopened deal is open again from its next entry into an open stage.
with opportunities as (
    select * from {{ ref('int_opportunities') }}
),

conformed as (
    select * from {{ ref('opportunities') }}
),

stage_visits as (
    select * from {{ ref('int_opportunity_stage_visits') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

-- A deal that is open was not closed by its last entry, whatever that entry says.
visits as (
    select stage_visits.*
    from stage_visits
    inner join opportunities
        on stage_visits.opportunity_id = opportunities.opportunity_id
    where
        stage_visits.stage_category = 'open'
        or not stage_visits.is_last_visit
        or opportunities.is_closed
),

-- A source without a stage history says only when a deal began, what it is worth and how it ended.
first_visits as (
    select
        opportunity_id,
        min(entered_at) as entered_at
    from visits
    group by opportunity_id
),

valued_visits as (
    select
        opportunity_id,
        amount_at_entry,
        row_number() over (partition by opportunity_id order by visit_number) as position
    from visits
    where amount_at_entry is not null
),

changes as (
    select
        visits.opportunity_id,
        visits.entered_at as changed_at,
        visits.visit_number as change_number,
        visits.stage_id,
        visits.stage_category = 'open' as is_open,
        visits.amount_at_entry as amount_in_currency
    from visits
    union all
    select
        opportunities.opportunity_id,
        opportunities.created_at as changed_at,
        0 as change_number,
        case
            when opportunities.is_open and first_visits.entered_at is null
                then opportunities.stage_id
        end as stage_id,
        true as is_open,
        case when first_visits.entered_at is null then opportunities.amount_in_currency end
            as amount_in_currency
    from opportunities
    left join first_visits
        on opportunities.opportunity_id = first_visits.opportunity_id
    where first_visits.entered_at is null or opportunities.created_at < first_visits.entered_at
    union all
    -- The value of today was known at the last update of the row, not before.
    select
        opportunities.opportunity_id,
        greatest(conformed.updated_at, opportunities.created_at) as changed_at,
        999999 as change_number,
        opportunities.stage_id,
        true as is_open,
        opportunities.amount_in_currency
    from opportunities
    inner join conformed
        on opportunities.opportunity_id = conformed.opportunity_id
    where
        opportunities.is_open
        and {{ business_date('conformed.updated_at') }} <= {{ as_of_date() }}
    union all
    select
        opportunity_id,
        closed_at as changed_at,
        1000000 as change_number,
        cast(null as {{ dbt.type_string() }}) as stage_id,
        false as is_open,
        cast(null as decimal(18, 2)) as amount_in_currency
    from opportunities
    where is_closed
),

-- An entry without a value or a stage keeps those known before; before any, the first known value
-- of the history holds.
groups as (
    select
        changes.*,
        valued_visits.amount_at_entry as first_known_amount,
        count(amount_in_currency) over (
            partition by changes.opportunity_id
            order by changed_at, change_number
            rows between unbounded preceding and current row
        ) as amounts_known,
        count(stage_id) over (
            partition by changes.opportunity_id
            order by changed_at, change_number
            rows between unbounded preceding and current row
        ) as stages_known
    from changes
    left join valued_visits
        on changes.opportunity_id = valued_visits.opportunity_id and valued_visits.position = 1
),

filled as (
    select
        opportunity_id,
        changed_at,
        change_number,
        is_open,
        {{ business_date('changed_at') }} as entered_on,
        coalesce(
            max(amount_in_currency) over (partition by opportunity_id, amounts_known),
            first_known_amount
        ) as amount_in_currency,
        max(stage_id) over (partition by opportunity_id, stages_known) as stage_id
    from groups
),

daily as (
    select
        filled.*,
        row_number() over (
            partition by opportunity_id, entered_on
            order by changed_at desc, change_number desc
        ) as recency
    from filled
),

spans as (
    select
        opportunity_id,
        stage_id,
        is_open,
        amount_in_currency,
        entered_on,
        lead(entered_on) over (partition by opportunity_id order by entered_on) as left_on
    from daily
    where recency = 1
)

select
    spans.opportunity_id,
    opportunities.pipeline_id || '/' || coalesce(spans.stage_id, 'unknown') as stage,
    {{ convert('spans.amount_in_currency', 'opportunities.currency', 'exchange_rates.rate') }}
        as amount,
    spans.entered_on,
    spans.left_on
from spans
inner join opportunities
    on spans.opportunity_id = opportunities.opportunity_id
left join exchange_rates
    on
        opportunities.currency = exchange_rates.currency
        and opportunities.created_on = exchange_rates.valid_on
where spans.is_open
