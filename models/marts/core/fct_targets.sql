-- One row per quota, benchmark or goal whose period has begun by as_of_date, with the member of the
-- company it is set for and the working days of its period that have passed.
with targets as (
    select * from {{ ref('targets') }}
    where not is_deleted and period_start <= {{ as_of_date() }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

-- Working days before each day, so that those of any period are a difference.
working_days as (
    select
        date_on,
        coalesce(
            sum(case when is_working then 1 else 0 end) over (
                order by date_on
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as working_days_before
    from {{ ref('dim_working_days') }}
    where calendar_id = '{{ var("working_calendar") }}'
)

select
    targets.target_id,
    targets.parent_target_id,
    targets.target_kind,
    targets.measure_id,
    case targets.scope_type
        when 'company' then 'all'
        when 'industry' then 'vertical'
        else targets.scope_type
    end as dimension,
    case when targets.scope_type = 'company' then 'all' else targets.scope_id end
        as dimension_value,
    targets.period_type as period_grain,
    targets.period_start,
    targets.period_end,
    targets.value_type,
    targets.currency,
    {%- for value in ['start_value', 'target_value', 'current_value'] %}
    cast(
        case
            when targets.value_type = 'currency' and targets.currency is not null
                then {{ convert(
                    'targets.' ~ value, 'targets.currency', 'exchange_rates.rate'
                ) | indent(16) }}
            else targets.{{ value }}
        end as decimal(18, 4)
    ) as {{ value }},
    {%- endfor %}
    targets.weight,
    coalesce(at_end.working_days_before - at_start.working_days_before, 0) as working_days,
    coalesce(known.working_days_before - at_start.working_days_before, 0) as elapsed_working_days
from targets
left join exchange_rates
    on
        targets.currency = exchange_rates.currency
        and targets.period_start = exchange_rates.valid_on
left join working_days as at_start
    on targets.period_start = at_start.date_on
left join working_days as at_end
    on targets.period_end = at_end.date_on
left join working_days as known
    on least(targets.period_end, {{ add_days(as_of_date(), 1) }}) = known.date_on
