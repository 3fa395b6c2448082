-- The furthest stage each surviving lead had reached, day by day: half-open [entered_on, left_on),
-- left_on null while it lasts. Going back keeps the furthest stage and begins a new row, whose
-- current_stage tells where the lead went; a disqualified lead stands apart until it enters a
-- stage again.
with leads as (
    select * from {{ ref('int_leads') }}
),

stage_entries as (
    select * from {{ ref('int_lead_stage_entries') }}
),

entries as (
    select
        lead_id,
        stage_order,
        entered_at,
        stage = 'disqualified' as is_disqualification
    from stage_entries
    union all
    select
        lead_id,
        1 as stage_order,
        created_at as entered_at,
        false as is_disqualification
    from leads
),

-- A history that begins before its lead does not make the lead any older.
states as (
    select
        entries.lead_id,
        greatest({{ business_date('entries.entered_at') }}, leads.created_on) as entered_on,
        entries.entered_at,
        entries.is_disqualification,
        entries.stage_order as current_order,
        max(entries.stage_order) over (
            partition by entries.lead_id
            order by entries.entered_at, entries.is_disqualification, entries.stage_order
            rows between unbounded preceding and current row
        ) as furthest_order
    from entries
    inner join leads
        on entries.lead_id = leads.lead_id
),

-- The state at the end of the day decides the day.
daily as (
    select
        states.*,
        row_number() over (
            partition by lead_id, entered_on
            order by entered_at desc, is_disqualification desc, current_order desc
        ) as recency
    from states
)

select
    lead_id,
    {%- for stage in ['furthest', 'current'] %}
    case
        when is_disqualification then 'disqualified'
        when {{ stage }}_order = 1 then 'lead'
        when {{ stage }}_order = 2 then 'mql'
        when {{ stage }}_order = 3 then 'sql'
        when {{ stage }}_order = 4 then 'opportunity'
        when {{ stage }}_order = 5 then 'customer'
    end as {{ stage }}_stage,
    {%- endfor %}
    entered_on,
    lead(entered_on) over (partition by lead_id order by entered_on) as left_on
from daily
where recency = 1
