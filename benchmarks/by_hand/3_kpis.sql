-- Part 3 of 3: the cells of eleven KPIs, headline reading, by day, week, month, quarter and year.
create table cells (
    kpi_id varchar, period_grain varchar, period_start date, dimension varchar,
    dimension_value varchar, numerator decimal(38, 6), denominator decimal(38, 6), n bigint,
    p50 double, p90 double
);

-- Records (day, numerator, denominator, one column for each dimension) by day and member.
create macro by_day(records) as table
select dimension, member, day, sum(numerator) as numerator, sum(denominator) as denominator,
    count(*) as n
from (
    unpivot (select *, 'all' as "all" from query_table(records))
    on columns(* exclude (day, numerator, denominator)) into name dimension value member
)
group by all;

create macro by_period(kpi, days) as table
select kpi, grain, date_trunc(grain, day)::date as start, dimension, member,
    sum(numerator), sum(denominator), sum(n), null, null
from query_table(days), (values ('day'), ('week'), ('month'), ('quarter'), ('year')) as g (grain)
group by all;

-- The same for averages, whose percentiles need the records at each grain.
create macro averages(kpi, records) as table
select kpi, grain, date_trunc(grain, day)::date as start, dimension, member,
    sum(numerator), sum(denominator), count(*),
    quantile_cont(numerator, 0.5), quantile_cont(numerator, 0.9)
from (
    unpivot (select *, 'all' as "all" from query_table(records))
    on columns(* exclude (day, numerator, denominator)) into name dimension value member
), (values ('day'), ('week'), ('month'), ('quarter'), ('year')) as g (grain)
group by all;

-- Where nothing happened, a sum of an employed rep, an open location and the company reads 0.
create table days as
select unnest(generate_series(date '2010-01-01', getvariable('as_of'), interval 1 day))::date as day;

create table member_days as
select 'rep' as dimension, rep_id as member, day
from reps inner join days on hired_on <= day and day < coalesce(terminated_on, '9999-12-31')
union all
select 'location', location_id, day
from locations inner join days on opened_on <= day and day < coalesce(closed_on, '9999-12-31')
union all
select 'all', 'all', day from days;

-- Funnel: leads by the day they entered a stage, and whether they reached the next.
create view to_mql as
select created_on as day, (mql_on is not null)::int as numerator, 1 as denominator,
    rep, team, channel, campaign, segment
from lead_facts;

create view to_sql as
select mql_on as day, (sql_on is not null)::int as numerator, 1 as denominator,
    rep, team, channel, campaign, segment
from lead_facts where mql_on is not null;

create view to_opportunity as
select sql_on as day, (opportunity_on is not null)::int as numerator, 1 as denominator,
    rep, team, channel, campaign, segment
from lead_facts where sql_on is not null;

create view to_customer as
select created_on as day, coalesce(customer_on <= created_on + 90, false)::int as numerator,
    1 as denominator, rep, team, channel, campaign, segment
from lead_facts;

create temp table day_cells as from by_day('to_mql');
insert into cells from by_period('lead_to_mql_rate', 'day_cells');
create or replace temp table day_cells as from by_day('to_sql');
insert into cells from by_period('mql_to_sql_rate', 'day_cells');
create or replace temp table day_cells as from by_day('to_opportunity');
insert into cells from by_period('sql_to_opportunity_rate', 'day_cells');
create or replace temp table day_cells as from by_day('to_customer');
insert into cells from by_period('lead_to_customer_rate', 'day_cells');

-- Deals.
create view decided as
select closed_at::date as day, is_won::int as numerator, 1 as denominator,
    rep, team, region, segment, motion, channel
from deals where (is_won or is_lost) and opportunity_type <> 'renewal';

create view sized as
select closed_at::date as day, usd as numerator, 1 as denominator,
    rep, team, region, segment, motion
from deals where is_won and opportunity_type <> 'renewal' and usd is not null;

create view booked as
select closed_at::date as day, usd as numerator, 0 as denominator,
    rep, team, region, segment, motion, campaign, sales_play
from deals where is_won and opportunity_type <> 'renewal' and usd is not null;

create view timed as
select closed_at::date as day, days as numerator, 1 as denominator, rep, team, segment, motion
from deals where is_won and opportunity_type <> 'renewal' and days is not null;

create or replace temp table day_cells as from by_day('decided');
insert into cells from by_period('win_rate', 'day_cells');
insert into cells from averages('avg_deal_size', 'sized');
insert into cells from averages('sales_cycle_length', 'timed');

create or replace temp table day_cells as
from by_day('booked')
union all
select dimension, member, day, 0, 0, 0 from member_days
where dimension <> 'location' and day >= (select min(day) from booked);
insert into cells from by_period('bookings_amount', 'day_cells');

-- Open pipeline: what entered minus what left, accumulated over every day since a member's first.
create view pipeline_changes as
select entered_on as day, usd as numerator, 1 as denominator, rep, segment, motion, stage
from deal_states where left_on is null or left_on > entered_on
union all
select left_on, -usd, -1, rep, segment, motion, stage
from deal_states where left_on > entered_on;

create or replace temp table day_cells as
with changes as (
    from by_day('pipeline_changes')
),

spined as (
    select dimension, member, days.day, 0 as numerator, 0 as denominator
    from (select dimension, member, min(day) as first_day from changes group by all)
    inner join days on days.day >= first_day
    union all
    select dimension, member, day, numerator, denominator from changes
),

daily as (
    select dimension, member, day, sum(numerator) as numerator, sum(denominator) as denominator
    from spined group by all
)

select
    dimension,
    member,
    day,
    sum(numerator) over upto as numerator,
    sum(denominator) over upto as denominator
from daily
window upto as (partition by dimension, member order by day rows unbounded preceding);

insert into cells
select 'open_pipeline_value', grain, date_trunc(grain, day)::date as start, dimension, member,
    arg_max(numerator, day), arg_max(denominator, day), arg_max(denominator, day), null, null
from day_cells, (values ('day'), ('week'), ('month'), ('quarter'), ('year')) as g (grain)
group by all;

-- Customers at the start of a month, quarter or year who are none at its end.
create view lost as
with periods as (
    select distinct grain, date_trunc(grain, day)::date as start,
        least(
            date_trunc(grain, day) + case grain
                when 'month' then interval 1 month
                when 'quarter' then interval 3 month
                else interval 1 year
            end,
            getvariable('as_of') + 1
        )::date as stop
    from days, (values ('month'), ('quarter'), ('year')) as g (grain)
    where day >= (select min(started_on) from spells)
)

select
    grain,
    start as day,
    (not bool_or(ended_on is null or ended_on > stop))::int as numerator,
    1 as denominator,
    any_value(c.rep) as rep,
    any_value(coalesce(a.account_manager_rep_id, 'unassigned')) as account_manager,
    any_value(coalesce(a.segment, 'unassigned')) as segment,
    any_value(coalesce(a.vertical, 'unassigned')) as vertical
from spells
inner join periods on started_on < stop and (ended_on is null or ended_on > start)
inner join customers as c using (account_id)
inner join account_survivors as a using (account_id)
group by account_id, grain, start
having bool_or(started_on < start and (ended_on is null or ended_on > start));

insert into cells
select 'customer_churn_rate', grain, day, dimension, member, sum(numerator), sum(denominator),
    count(*), null, null
from (
    unpivot (select *, 'all' as "all" from lost)
    on columns(* exclude (grain, day, numerator, denominator)) into name dimension value member
)
group by all;

-- Revenue.
create view invoiced as
select issued_on as day, usd as numerator, 0 as denominator,
    rep, team, location, channel, product, segment, vertical
from sales;

create or replace temp table day_cells as
from by_day('invoiced')
union all
select dimension, member, day, 0, 0, 0 from member_days
where day >= (select min(day) from invoiced);
insert into cells from by_period('net_sales_revenue', 'day_cells');
