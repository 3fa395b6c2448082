-- Conversions by number of touches: up to which touch it has paid to try again, for the company
-- and for each team.
{%- set horizon = var('conversion_horizon_days') %}
with company_cells as (
    select * from {{ ref('conversion_rate_by_touch_count') }}
    where variant = 'headline' and period_grain = 'quarter' and dimension = 'touch_number'
),

-- Whom the KPI counts; its cells are not cut by team.
prospects as (
    select
        {{ period_start('first_touched_on', 'quarter') }} as period_start,
        team_id,
        touches,
        is_converted
    from {{ ref('fct_prospects') }}
    where
        not was_customer
        and {{ add_days('first_touched_on', horizon) }} <= {{ as_of_date() }}
),

touch_numbers as (
    {%- for number in range(1, var('max_touches') + 1) %}
    select {{ number }} as touch
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

touched as (
    select
        period_start,
        'all' as team_id,
        cast(dimension_value as integer) as touch,
        cast(denominator as bigint) as prospects,
        cast(numerator as bigint) as converted
    from company_cells
    union all
    select
        prospects.period_start,
        prospects.team_id,
        touch_numbers.touch,
        count(*) as prospects,
        count(
            case when prospects.is_converted and prospects.touches = touch_numbers.touch then 1 end
        ) as converted
    from prospects
    inner join touch_numbers
        on prospects.touches >= touch_numbers.touch
    group by prospects.period_start, prospects.team_id, touch_numbers.touch
),

totalled as (
    select
        touched.*,
        sum(prospects) over (partition by period_start, team_id) as all_touches,
        sum(converted) over (partition by period_start, team_id) as all_converted
    from touched
),

-- The last touch that converts at least as well as touches do on average, as in the KPI. Where
-- nobody converted, every touch is as good as the average and none is worth repeating.
judged as (
    select
        totalled.*,
        max(
            case
                when
                    all_converted > 0
                    and prospects >= {{ var('min_n') }}
                    and converted * all_touches >= all_converted * prospects
                    then touch
            end
        ) over (partition by period_start, team_id) as drop_off_touch
    from totalled
)

select
    'quarter' as period_grain,
    period_start,
    team_id,
    touch,
    prospects,
    converted,
    case
        when prospects >= {{ var('min_n') }} then {{ ratio('converted', 'prospects') }}
    end as conversion_rate,
    cast(all_touches as bigint) as all_touches,
    cast(all_converted as bigint) as all_converted,
    case
        when all_touches >= {{ var('min_n') }} then {{ ratio('all_converted', 'all_touches') }}
    end as average_rate,
    drop_off_touch,
    touch > drop_off_touch as is_beyond_drop_off,
    {{ period_end('period_start', 'quarter') }} <= {{ add_days(as_of_date(), 1) }}
        as is_complete_period,
    {{ add_days(period_end('period_start', 'quarter'), horizon) }}
    <= {{ add_days(as_of_date(), 1) }} as is_matured
from judged
