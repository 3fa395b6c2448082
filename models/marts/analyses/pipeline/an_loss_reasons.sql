-- Why deals are lost, the most frequent reason first: of the deals lost in a quarter the share of
-- each reason and of all reasons down to it, by rep, stage and competitor. The cells of
-- loss_reason_share cannot be cut by two things at once, so the deals are counted here.
{%- set members = {'all': "'all'", 'rep': 'owner_rep_id', 'stage': 'last_open_stage'} %}
with opportunities as (
    select
        opportunities.*,
        {{ period_start('closed_on', 'quarter') }} as period_start
    from {{ ref('fct_opportunities') }} as opportunities
    where is_lost and opportunity_type <> 'renewal'
),

competitors as (
    select * from {{ ref('fct_opportunity_competitors') }}
),

members as (
    {%- for dimension, member in members.items() %}
    select
        '{{ dimension }}' as dimension,
        {{ member }} as dimension_value,
        period_start,
        loss_reason_key,
        loss_reason,
        amount
    from opportunities
    union all
    {%- endfor %}
    -- A deal with two competitors is lost to both.
    select
        'competitor' as dimension,
        coalesce(competitors.competitor_id, 'no competitor known') as dimension_value,
        opportunities.period_start,
        opportunities.loss_reason_key,
        opportunities.loss_reason,
        opportunities.amount
    from opportunities
    left join competitors
        on opportunities.opportunity_id = competitors.opportunity_id
),

counted as (
    select
        dimension,
        dimension_value,
        period_start,
        loss_reason_key,
        min(loss_reason) as loss_reason,
        count(*) as lost_deals,
        coalesce(sum(amount), 0) as lost_amount
    from members
    group by dimension, dimension_value, period_start, loss_reason_key
),

ranked as (
    select
        counted.*,
        row_number() over (
            partition by dimension, dimension_value, period_start
            order by lost_deals desc, loss_reason_key asc
        ) as position,
        cast(sum(lost_deals) over (
            partition by dimension, dimension_value, period_start
        ) as bigint) as all_lost_deals,
        cast(sum(lost_deals) over (
            partition by dimension, dimension_value, period_start
            order by lost_deals desc, loss_reason_key asc
            rows between unbounded preceding and current row
        ) as bigint) as cumulative_lost_deals
    from counted
),

shared as (
    select
        ranked.*,
        {{ ratio('lost_deals', 'all_lost_deals') }} as share,
        {{ ratio('cumulative_lost_deals', 'all_lost_deals') }} as cumulative_share,
        all_lost_deals >= {{ var('min_n') }} as is_enough
    from ranked
)

select
    'quarter' as period_grain,
    period_start,
    {{ period_end('period_start', 'quarter') }} <= {{ add_days(as_of_date(), 1) }}
        as is_complete_period,
    dimension,
    dimension_value,
    position,
    loss_reason_key,
    loss_reason,
    lost_deals,
    lost_amount,
    all_lost_deals,
    case when is_enough then share end as loss_reason_share,
    cumulative_lost_deals,
    case when is_enough then cumulative_share end as cumulative_share
from shared
