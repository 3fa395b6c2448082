-- One row per rep, measure and quota period, with the team, territory and role of its first day.
-- Periods that have not begun by as_of_date are left out.
with targets as (
    select * from {{ ref('targets') }}
    where
        not is_deleted
        and target_kind = 'quota'
        and scope_type = 'rep'
        and period_start <= {{ as_of_date() }}
),

reps as (
    select * from {{ ref('reps') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

valued as (
    select
        targets.target_id,
        targets.measure_id,
        targets.scope_id as rep_id,
        targets.period_type as period_grain,
        targets.period_start,
        targets.period_end,
        case
            when targets.value_type = 'currency' and targets.currency is not null
                then {{ convert(
                    'targets.target_value', 'targets.currency', 'exchange_rates.rate'
                ) }}
            else targets.target_value
        end as full_quota,
        {{ days_between('targets.period_start', 'targets.period_end') }} as period_days,
        {{ days_between(
            'greatest(targets.period_start, reps.hired_on)',
            'least(targets.period_end, coalesce(reps.terminated_on, targets.period_end))'
        ) }} as employed_days
    from targets
    left join reps
        on targets.scope_id = reps.rep_id
    left join exchange_rates
        on
            targets.currency = exchange_rates.currency
            and targets.period_start = exchange_rates.valid_on
)

select
    valued.target_id,
    valued.measure_id,
    valued.rep_id,
    coalesce(assignments.team_id, 'unassigned') as team_id,
    coalesce(assignments.territory_id, 'unassigned') as territory_id,
    coalesce(assignments.role, 'unassigned') as role,
    valued.period_grain,
    valued.period_start,
    valued.period_end,
    {% if var('prorate_quota') -%}
    cast(
        valued.full_quota * greatest(valued.employed_days, 0)
        * {{ ratio(1, 'valued.period_days') }} as decimal(18, 4)
    )
    {%- else -%}
    cast(valued.full_quota as decimal(18, 4))
    {%- endif %} as quota
from valued
left join assignments
    on
        valued.rep_id = assignments.rep_id
        and valued.period_start >= assignments.valid_from
        and valued.period_start < assignments.valid_to
