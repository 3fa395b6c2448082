-- Reps who create many deals and lose most of them: what each created and lost in a quarter, beside
-- the median rep of the team.
{%- set min_n = var('min_n') %}
with cells as (
    select * from {{ ref('created_to_lost_ratio') }}
    where variant = 'headline' and period_grain = 'quarter' and dimension = 'rep'
),

rep_periods as (
    select * from {{ ref('fct_rep_periods') }}
    where period_grain = 'quarter'
),

lost as (
    select
        owner_rep_id as rep_id,
        {{ period_start('closed_on', 'quarter') }} as period_start,
        last_open_stage,
        loss_reason_key
    from {{ ref('fct_opportunities') }}
    where is_lost and opportunity_type <> 'renewal'
),

rep_quarters as (
    select
        cells.dimension_value as rep_id,
        coalesce(rep_periods.team_id, 'unassigned') as team_id,
        cells.period_start,
        cells.is_complete_period,
        cast(coalesce(cells.numerator, 0) as bigint) as created_deals,
        cast(coalesce(cells.denominator, 0) as bigint) as lost_deals,
        case when cells.denominator >= {{ min_n }} then cells.kpi_value end as created_to_lost_ratio
    from cells
    left join rep_periods
        on
            cells.dimension_value = rep_periods.rep_id
            and cells.period_start = rep_periods.period_start
),

-- Whoever was in no team in the quarter is compared with nobody.
team_medians as (
    select
        team_id,
        period_start,
        percentile_cont(0.5) within group (order by created_deals) as median_created_deals,
        percentile_cont(0.5) within group (order by created_to_lost_ratio)
            as median_created_to_lost_ratio
    from rep_quarters
    where team_id <> 'unassigned'
    group by team_id, period_start
),

{% for name, column in [('stages', 'last_open_stage'), ('reasons', 'loss_reason_key')] %}
lost_{{ name }} as (
    select
        rep_id,
        period_start,
        {{ column }},
        count(*) as deals,
        row_number() over (
            partition by rep_id, period_start order by count(*) desc, {{ column }} asc
        ) as position
    from lost
    group by rep_id, period_start, {{ column }}
),
{% endfor %}
compared as (
    select
        rep_quarters.*,
        team_medians.median_created_deals,
        team_medians.median_created_to_lost_ratio
    from rep_quarters
    left join team_medians
        on
            rep_quarters.team_id = team_medians.team_id
            and rep_quarters.period_start = team_medians.period_start
)

select
    compared.rep_id,
    compared.team_id,
    'quarter' as period_grain,
    compared.period_start,
    compared.is_complete_period,
    compared.created_deals,
    compared.lost_deals,
    compared.created_to_lost_ratio,
    compared.median_created_deals as team_median_created_deals,
    compared.median_created_to_lost_ratio as team_median_created_to_lost_ratio,
    compared.created_deals >= compared.median_created_deals
    and compared.created_to_lost_ratio < compared.median_created_to_lost_ratio
        as is_creating_many_losing_most,
    lost_stages.last_open_stage as top_lost_stage,
    coalesce(lost_stages.deals, 0) as top_lost_stage_deals,
    lost_reasons.loss_reason_key as top_loss_reason_key,
    coalesce(lost_reasons.deals, 0) as top_loss_reason_deals
from compared
left join lost_stages
    on
        compared.rep_id = lost_stages.rep_id
        and compared.period_start = lost_stages.period_start
        and lost_stages.position = 1
left join lost_reasons
    on
        compared.rep_id = lost_reasons.rep_id
        and compared.period_start = lost_reasons.period_start
        and lost_reasons.position = 1
