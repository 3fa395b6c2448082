-- One row per rep, grain and period in which the rep was employed on at least one working day.
with periods as (
    select * from {{ ref('int_rep_periods') }}
)

select
    rep_id,
    period_grain,
    period_start,
    last_active_on,
    active_working_days,
    team_id,
    territory_id,
    region,
    role,
    role in ('{{ var("closing_roles") | join("', '") }}') as has_closing_role -- noqa: LT05
from periods
