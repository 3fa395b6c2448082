-- Win rate against each competitor by segment and team, and its trend. The cells of
-- competitor_win_rate are not cut by segment and team, so the deals are counted here.
{%- set min_n = var('min_n') %}
with opportunities as (
    select
        opportunities.*,
        {{ period_start('closed_on', 'quarter') }} as period_start
    from {{ ref('fct_opportunities') }} as opportunities
    where (is_won or is_lost) and opportunity_type <> 'renewal'
),

opportunity_competitors as (
    select * from {{ ref('fct_opportunity_competitors') }}
),

competitors as (
    select * from {{ ref('dim_competitors') }}
),

-- A deal with two competitors is in both rows, and once in that of all deals.
faced as (
    select
        opportunities.period_start,
        opportunities.segment,
        opportunities.close_team_id as team_id,
        opportunities.is_won,
        coalesce(opportunity_competitors.competitor_id, 'no competitor known') as competitor_id
    from opportunities
    left join opportunity_competitors
        on opportunities.opportunity_id = opportunity_competitors.opportunity_id
    union all
    select
        period_start,
        segment,
        close_team_id as team_id,
        is_won,
        'all' as competitor_id
    from opportunities
),

counted as (
    {%- for segment in ["'all'", 'segment'] %}
    {%- set last_segment = loop.last %}
    {%- for team_id in ["'all'", 'team_id'] %}
    select
        period_start,
        competitor_id,
        {{ segment }} as segment,
        {{ team_id }} as team_id,
        count(*) as decided_deals,
        count(*) filter (where is_won) as deals_won
    from faced
    group by
        {%- if segment == 'segment' %}
        segment,
        {%- endif %}
        {%- if team_id == 'team_id' %}
        team_id,
        {%- endif %}
        period_start,
        competitor_id
    {% if not (last_segment and loop.last) %}union all{% endif %}
    {%- endfor %}
    {%- endfor %}
),

rated as (
    select
        counted.*,
        case when decided_deals >= {{ min_n }} then {{ ratio('deals_won', 'decided_deals') }} end
            as win_rate,
        {{ period_end('period_start', 'quarter') }} as period_end
    from counted
),

-- The running quarter is not over: it is compared with none.
with_previous as (
    select
        rated.period_start,
        rated.competitor_id,
        rated.segment,
        rated.team_id,
        rated.decided_deals,
        rated.deals_won,
        rated.win_rate,
        rated.period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period,
        coalesce(previous.decided_deals, 0) as previous_decided_deals,
        coalesce(previous.deals_won, 0) as previous_deals_won,
        previous.win_rate as previous_win_rate,
        case
            when rated.period_end <= {{ add_days(as_of_date(), 1) }}
                then round(rated.win_rate - previous.win_rate, 6)
        end as win_rate_change
    from rated
    left join rated as previous
        on
            rated.period_start = previous.period_end
            and rated.competitor_id = previous.competitor_id
            and rated.segment = previous.segment
            and rated.team_id = previous.team_id
)

select
    'quarter' as period_grain,
    with_previous.period_start,
    with_previous.is_complete_period,
    with_previous.competitor_id,
    coalesce(competitors.competitor_name, with_previous.competitor_id) as competitor_name,
    with_previous.segment,
    with_previous.team_id,
    with_previous.decided_deals,
    with_previous.deals_won,
    with_previous.win_rate,
    with_previous.previous_decided_deals,
    with_previous.previous_deals_won,
    with_previous.previous_win_rate,
    with_previous.win_rate_change,
    overall.decided_deals as overall_decided_deals,
    overall.deals_won as overall_deals_won,
    overall.win_rate as overall_win_rate,
    round(with_previous.win_rate - overall.win_rate, 6) as win_rate_lift,
    overall.win_rate_change as overall_win_rate_change,
    overall.win_rate_change > 0 as is_overall_rising
from with_previous
inner join with_previous as overall
    on
        with_previous.period_start = overall.period_start
        and with_previous.segment = overall.segment
        and with_previous.team_id = overall.team_id
        and overall.competitor_id = 'all'
left join competitors
    on with_previous.competitor_id = competitors.competitor_id
