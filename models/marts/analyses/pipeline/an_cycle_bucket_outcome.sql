-- What became of deals by the length of their sales cycle: how much was closed in each class, and
-- how much of it stayed.
{%- set bounds = var('cycle_buckets') %}
{%- set members = {'all': "'all'", 'team': 'team_id', 'rep': 'rep_id'} %}
{%- set min_n = var('min_n') %}
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where is_won and opportunity_type <> 'renewal'
),

new_customers as (
    select * from {{ ref('fct_new_customers') }}
),

-- A loss belongs to the deal that won the customer, so churn is asked of first deals only, and of
-- those whose 6 or 9 months and the grace have passed.
deals as (
    select
        opportunities.opportunity_id,
        opportunities.owner_rep_id as rep_id,
        opportunities.close_team_id as team_id,
        opportunities.closed_on,
        opportunities.cycle_days,
        opportunities.amount,
        case
            when opportunities.cycle_days is null then 'unassigned'
            {%- for bound in bounds %}
            when opportunities.cycle_days < {{ bound + 1 }}
                then '{{ '%03d-%03d' | format(0 if loop.first else loop.previtem + 1, bound) }}'
            {%- endfor %}
            else '{{ '%03d+' | format(bounds[-1] + 1) }}'
        end as cycle_bucket,
        new_customers.account_id is not null as is_first_deal,
        {{ is_past('new_customers.won_on', 6) }} as is_mature_6m,
        {{ is_past('new_customers.won_on', 9) }} as is_mature_9m,
        new_customers.first_lost_on <= {{ add_months('new_customers.won_on', 6) }} as is_lost_6m,
        coalesce(
            new_customers.first_lost_on <= {{ add_months('new_customers.won_on', 9) }}, false
        ) as is_lost_9m
    from opportunities
    left join new_customers
        on opportunities.opportunity_id = new_customers.opportunity_id
),

-- A rep who changed team is compared with the team of the last deal.
latest_deals as (
    select
        rep_id,
        team_id,
        row_number() over (
            partition by rep_id order by closed_on desc, opportunity_id desc
        ) as position
    from deals
),

members as (
    {%- for dimension, member in members.items() %}
    {%- for bucket in ['cycle_bucket', "'all'"] %}
    select
        '{{ dimension }}' as dimension,
        {{ member }} as dimension_value,
        {{ bucket }} as bucket,
        deals.*
    from deals
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

counted as (
    select
        dimension,
        dimension_value,
        bucket as cycle_bucket,
        count(*) as deals,
        coalesce(sum(amount), 0) as bookings,
        count(cycle_days) as deals_with_cycle,
        percentile_cont(0.5) within group (order by cycle_days) as median_cycle_days,
        count(*) filter (where is_first_deal) as first_deals,
        count(*) filter (where is_mature_6m) as mature_6m,
        count(*) filter (where is_mature_6m and is_lost_6m) as churned_6m,
        count(*) filter (where is_mature_9m) as mature_9m,
        count(*) filter (where is_mature_9m and is_lost_9m) as churned_9m,
        count(*) filter (where is_mature_9m and not is_lost_9m) as retained_9m,
        coalesce(sum(amount) filter (where is_mature_9m and not is_lost_9m), 0)
            as retained_bookings_9m
    from members
    group by dimension, dimension_value, bucket
),

rated as (
    select
        counted.*,
        case when mature_6m >= {{ min_n }} then {{ ratio('churned_6m', 'mature_6m') }} end
            as churn_rate_6m,
        case when mature_9m >= {{ min_n }} then {{ ratio('churned_9m', 'mature_9m') }} end
            as churn_rate_9m,
        case when deals_with_cycle >= {{ min_n }} then round(median_cycle_days, 6) end
            as shown_median_cycle_days,
        -- `all` is no class and `unassigned` has no length: neither can be the best.
        cycle_bucket not in ('all', 'unassigned') as is_class
    from counted
),

ranked as (
    select
        rated.*,
        row_number() over (
            partition by dimension, dimension_value, is_class
            order by bookings desc, deals desc, cycle_bucket asc
        ) as volume_position,
        row_number() over (
            partition by dimension, dimension_value, is_class
            order by retained_bookings_9m desc, retained_9m desc, cycle_bucket asc
        ) as retained_position,
        sum(mature_9m) over (partition by dimension, dimension_value, is_class) as mature_in_classes
    from rated
),

with_team as (
    select
        ranked.*,
        case
            when ranked.dimension = 'rep' then latest_deals.team_id else ranked.dimension_value
        end as team_id
    from ranked
    left join latest_deals
        on ranked.dimension_value = latest_deals.rep_id and latest_deals.position = 1
)

select
    with_team.dimension,
    with_team.dimension_value,
    with_team.team_id,
    with_team.cycle_bucket,
    with_team.deals,
    with_team.bookings,
    with_team.deals_with_cycle,
    with_team.shown_median_cycle_days as median_cycle_days,
    with_team.first_deals,
    with_team.mature_6m,
    with_team.churned_6m,
    with_team.churn_rate_6m,
    with_team.mature_9m,
    with_team.churned_9m,
    with_team.churn_rate_9m,
    with_team.retained_9m,
    with_team.retained_bookings_9m,
    case when with_team.is_class then with_team.volume_position = 1 end as is_best_volume_bucket,
    case
        when with_team.is_class and with_team.mature_in_classes > 0
            then with_team.retained_position = 1 and with_team.retained_9m > 0
    end as is_best_retained_bucket,
    teams.shown_median_cycle_days as team_median_cycle_days,
    teams.churn_rate_9m as team_churn_rate_9m,
    case
        when
            with_team.dimension_value <> 'unassigned'
            and with_team.cycle_bucket = 'all'
            then
                with_team.shown_median_cycle_days < teams.shown_median_cycle_days
                and with_team.churn_rate_9m > teams.churn_rate_9m
    end as is_fast_but_leaky
from with_team
left join rated as teams
    on
        with_team.dimension = 'rep'
        and with_team.team_id <> 'unassigned'
        and teams.dimension = 'team'
        and with_team.team_id = teams.dimension_value
        and with_team.cycle_bucket = teams.cycle_bucket
