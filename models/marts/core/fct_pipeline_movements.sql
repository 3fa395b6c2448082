-- One row per deal and change of the open pipeline: what a deal adds on a day, or takes away. The
-- pipeline at the end of a day is the sum of all changes up to it, whichever way it is cut.
with states as (
    select
        opportunity_id,
        owner_rep_id,
        team_id,
        territory_id,
        region,
        segment,
        motion,
        opportunity_type,
        stage,
        coalesce(amount, 0) as amount,
        entered_on,
        left_on
    from {{ ref('fct_opportunity_states') }}
    where opportunity_type <> 'renewal' and (left_on is null or left_on > entered_on)
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

-- A state goes on where the next begins on the day it ends; else the deal was closed in between.
in_order as (
    select
        states.*,
        lag(amount) over (partition by opportunity_id order by entered_on) as previous_amount,
        lag(left_on) over (partition by opportunity_id order by entered_on) as previous_left_on,
        lag(team_id) over (partition by opportunity_id order by entered_on) as previous_team_id,
        lag(territory_id) over (partition by opportunity_id order by entered_on)
            as previous_territory_id,
        lead(entered_on) over (partition by opportunity_id order by entered_on) as next_entered_on,
        lead(team_id) over (partition by opportunity_id order by entered_on) as next_team_id,
        lead(territory_id) over (partition by opportunity_id order by entered_on)
            as next_territory_id
    from states
),

compared as (
    select
        in_order.*,
        coalesce(previous_left_on = entered_on, false) as is_continued,
        coalesce(next_entered_on = left_on, false) as goes_on,
        previous_team_id <> team_id or previous_territory_id <> territory_id as is_moved_in,
        next_team_id <> team_id or next_territory_id <> territory_id as is_moved_out
    from in_order
),

movements as (
    select
        compared.*,
        entered_on as occurred_on,
        case when previous_left_on is null then 'created' else 'reopened' end as movement,
        amount as change
    from compared
    where not is_continued
    union all
    -- A change of value on the day of a move counts for the new team.
    select
        compared.*,
        entered_on as occurred_on,
        'amount_change' as movement,
        amount - previous_amount as change
    from compared
    where is_continued
    union all
    select
        compared.*,
        entered_on as occurred_on,
        'moved' as movement,
        previous_amount as change
    from compared
    where is_continued and is_moved_in
    union all
    select
        compared.*,
        left_on as occurred_on,
        'moved' as movement,
        -amount as change
    from compared
    where goes_on and is_moved_out
    union all
    -- What a close took away and a reopening brought back is one story: what it left is its sum.
    select
        compared.*,
        compared.left_on as occurred_on,
        case
            when compared.next_entered_on is not null then 'reopened'
            when opportunities.is_won then 'won'
            when opportunities.is_lost then 'lost'
            else 'closed_other'
        end as movement,
        -compared.amount as change
    from compared
    inner join opportunities
        on compared.opportunity_id = opportunities.opportunity_id
    where compared.left_on is not null and not compared.goes_on
)

select
    opportunity_id,
    occurred_on,
    movement,
    owner_rep_id,
    team_id,
    territory_id,
    region,
    segment,
    motion,
    opportunity_type,
    stage,
    cast(change as decimal(18, 2)) as amount_change
from movements
where change <> 0 or movement in ('created', 'won', 'lost')
