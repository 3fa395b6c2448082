-- What the families or the segments of a rep's month add up to is the total, and volume and size
-- add up to the change; where not, a part of the explanation is missing or counted twice.
{{ config(meta={'dagster': {'ref': {'name': 'an_sales_drop_drilldown'}}}) }}
with drops as (
    select * from {{ ref('an_sales_drop_drilldown') }}
),

totals as (
    select * from drops
    where row_kind = 'total'
),

parts as (
    select
        row_kind,
        rep_id,
        period_start,
        sum(change) as change,
        sum(bookings) as bookings,
        sum(volume_effect + size_effect) as effects
    from drops
    group by row_kind, rep_id, period_start
),

kinds as (
    select distinct row_kind
    from drops
)

select
    kinds.row_kind,
    totals.rep_id,
    totals.period_start,
    totals.change,
    parts.change as change_of_parts
from totals
cross join kinds
left join parts
    on
        kinds.row_kind = parts.row_kind
        and totals.rep_id = parts.rep_id
        and totals.period_start = parts.period_start
where
    -- A deal worth 0 without products has no family, and 0 to explain.
    coalesce(parts.change, 0) <> totals.change
    or coalesce(parts.bookings, 0) <> totals.bookings
    or coalesce(parts.effects, 0) <> totals.change
