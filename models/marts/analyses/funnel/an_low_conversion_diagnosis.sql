-- Low conversion of MQLs: is it the leads or the reps? Where nearly every rep is below target the
-- leads are qualified too early; else the reps below it can be coached.
{%- set min_n = var('min_n') %}
with cells as (
    select * from {{ ref('mql_to_customer_rate') }}
    where
        variant = 'headline'
        and period_grain = 'quarter'
        and dimension_value <> 'unassigned'
),

leads as (
    select * from {{ ref('fct_leads') }}
),

targets as (
    select * from {{ ref('fct_targets') }}
    where
        measure_id = 'mql_to_customer_rate'
        and dimension in ('all', 'rep')
        and period_grain in ('quarter', 'year')
        and target_value is not null
),

rep_periods as (
    select * from {{ ref('fct_rep_periods') }}
    where period_grain = 'quarter'
),

-- How many of the same MQLs became an SQL: what lies before it and after it multiply to the whole.
sqls as (
    {%- for member in ["'all'", 'owner_rep_id'] %}
    select
        {{ member }} as dimension_value,
        {{ period_start('mql_entered_on', 'quarter') }} as period_start,
        count(*) as sql_leads
    from leads
    where sql_reached_on is not null
    group by
        {%- if member == 'owner_rep_id' %}
        owner_rep_id,
        {%- endif %}
        {{ period_start('mql_entered_on', 'quarter') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

rated as (
    select
        cells.dimension,
        cells.dimension_value,
        cells.period_start,
        cells.is_complete_period,
        cells.is_matured,
        cast(cells.denominator as bigint) as mql_leads,
        coalesce(sqls.sql_leads, 0) as sql_leads,
        cast(cells.numerator as bigint) as customer_leads,
        case when cells.denominator >= {{ min_n }} then cells.kpi_value end
            as mql_to_customer_rate,
        case
            when cells.denominator >= {{ min_n }}
                then {{ ratio('coalesce(sqls.sql_leads, 0)', 'cells.denominator') }}
        end as mql_to_sql_rate,
        case
            when sqls.sql_leads >= {{ min_n }}
                then {{ ratio('cells.numerator', 'sqls.sql_leads') }}
        end as sql_to_customer_rate
    from cells
    left join sqls
        on
            cells.dimension_value = sqls.dimension_value
            and cells.period_start = sqls.period_start
),

-- A rate asked for in a year is asked for in each of its quarters, unless the quarter has its own.
ranked_targets as (
    select
        rated.dimension_value,
        rated.period_start,
        targets.target_value,
        case when targets.dimension = 'rep' then 'rep_target' else 'company_target' end
            as target_source,
        row_number() over (
            partition by rated.dimension_value, rated.period_start
            order by
                case when targets.dimension = 'rep' then 0 else 1 end,
                case when targets.period_grain = 'quarter' then 0 else 1 end,
                case targets.target_kind when 'quota' then 0 when 'goal' then 1 else 2 end,
                targets.target_id
        ) as position
    from rated
    inner join targets
        on
            targets.dimension_value in (rated.dimension_value, 'all')
            and rated.period_start >= targets.period_start
            and rated.period_start < targets.period_end
),

-- A cohort that has not matured is below any target.
compared as (
    select
        rated.*,
        coalesce(ranked_targets.target_value, companies.mql_to_customer_rate) as target_rate,
        coalesce(
            ranked_targets.target_source,
            case when companies.mql_to_customer_rate is not null then 'company_rate' end
        ) as target_source,
        companies.mql_to_customer_rate as company_mql_to_customer_rate,
        companies.mql_to_sql_rate as company_mql_to_sql_rate,
        companies.sql_to_customer_rate as company_sql_to_customer_rate,
        {{ ratio('rated.mql_to_sql_rate', 'companies.mql_to_sql_rate') }} as mql_to_sql_index,
        {{ ratio('rated.sql_to_customer_rate', 'companies.sql_to_customer_rate') }}
            as sql_to_customer_index,
        case
            when rated.is_matured
                then
                    rated.mql_to_customer_rate
                    < coalesce(ranked_targets.target_value, companies.mql_to_customer_rate)
        end as is_under_target
    from rated
    inner join rated as companies
        on companies.dimension = 'all' and rated.period_start = companies.period_start
    left join ranked_targets
        on
            rated.dimension_value = ranked_targets.dimension_value
            and rated.period_start = ranked_targets.period_start
            and ranked_targets.position = 1
    where rated.dimension = 'rep'
),

counted as (
    select
        period_start,
        count(is_under_target) as judged_reps,
        count(*) filter (where is_under_target) as reps_under_target
    from compared
    group by period_start
),

judged as (
    select
        counted.*,
        case
            when judged_reps >= {{ min_n }} then {{ ratio('reps_under_target', 'judged_reps') }}
        end as under_target_share
    from counted
),

verdicts as (
    select
        judged.*,
        case
            when under_target_share >= {{ var('systemic_share') }} then 'systemic'
            when under_target_share > 0 then 'rep_specific'
            when under_target_share = 0 then 'on_target'
        end as verdict
    from judged
)

select
    compared.dimension_value as rep_id,
    coalesce(rep_periods.team_id, 'unassigned') as team_id,
    'quarter' as period_grain,
    compared.period_start,
    compared.is_complete_period,
    compared.is_matured,
    compared.mql_leads,
    compared.sql_leads,
    compared.customer_leads,
    compared.mql_to_customer_rate,
    compared.target_rate,
    compared.target_source,
    compared.is_under_target,
    verdicts.judged_reps,
    verdicts.reps_under_target,
    verdicts.under_target_share,
    verdicts.verdict,
    compared.is_under_target and verdicts.verdict = 'rep_specific' as is_to_coach,
    compared.company_mql_to_customer_rate,
    compared.mql_to_sql_rate,
    compared.company_mql_to_sql_rate,
    compared.mql_to_sql_index,
    compared.sql_to_customer_rate,
    compared.company_sql_to_customer_rate,
    compared.sql_to_customer_index,
    case
        when compared.mql_to_sql_index <= compared.sql_to_customer_index then 'mql_to_sql'
        when compared.mql_to_sql_index > compared.sql_to_customer_index then 'sql_to_customer'
    end as weaker_part
from compared
inner join verdicts
    on compared.period_start = verdicts.period_start
left join rep_periods
    on
        compared.dimension_value = rep_periods.rep_id
        and compared.period_start = rep_periods.period_start
