-- Part 2 of 3: the facts that the KPIs count, in dollars, with merges and test accounts resolved.
create table account_survivors as
with recursive chain as (
    select account_id, account_id as survivor_id from accounts
    where merged_into_account_id is null
    union all
    select accounts.account_id, chain.survivor_id
    from accounts inner join chain on accounts.merged_into_account_id = chain.account_id
)
select chain.account_id, chain.survivor_id, segment, vertical, account_manager_rep_id
from chain inner join accounts on chain.survivor_id = accounts.account_id
where not coalesce(is_test, false) and not coalesce(_deleted, false);

create table lead_survivors as
with recursive chain as (
    select lead_id, lead_id as survivor_id from leads where merged_into_lead_id is null
    union all
    select leads.lead_id, chain.survivor_id
    from leads inner join chain on leads.merged_into_lead_id = chain.lead_id
)
from chain;

-- One person: by merge, then by e-mail address, then by telephone number; the earliest survives.
create table contact_survivors as
with recursive chain as (
    select contact_id, contact_id as survivor_id from contacts where merged_into_contact_id is null
    union all
    select contacts.contact_id, chain.survivor_id
    from contacts inner join chain on contacts.merged_into_contact_id = chain.contact_id
),

keyed as (
    select
        contact_id,
        lower(email) as email,
        regexp_replace(phone, '[^0-9]', '', 'g') as digits,
        created_at
    from contacts
    where merged_into_contact_id is null and not coalesce(_deleted, false)
),

by_email as (
    select *, first_value(contact_id) over (
        partition by coalesce(email, contact_id) order by created_at, contact_id
    ) as of_email
    from keyed
),

by_phone as (
    select contact_id, first_value(of_email) over (
        partition by case when length(digits) >= 8 then digits else contact_id end
        order by created_at, contact_id
    ) as survivor_id
    from by_email
)

select chain.contact_id, coalesce(by_phone.survivor_id, chain.survivor_id) as survivor_id
from chain left join by_phone on chain.survivor_id = by_phone.contact_id;

create table rates as
select from_currency as currency, rate_on, rate from exchange_rates where to_currency = 'USD'
union all
select 'USD', date '1900-01-01', 1;

create table assignments as
select
    rep_id,
    team_id,
    case
        when row_number() over (partition by rep_id order by valid_from) = 1
            then date '1900-01-01'
        else valid_from::date
    end as valid_from,
    region
from rep_assignment_history left join territories using (territory_id);

-- Deals. ---------------------------------------------------------------------------------------
create table first_contacts as
with touches as (
    select opportunity_id, l.survivor_id as lead_id, c.survivor_id as contact_id, occurred_at
    from activities
    left join lead_survivors as l using (lead_id)
    left join contact_survivors as c using (contact_id)
    where
        status = 'completed' and not is_automated and not is_auto_reply
        and (
            direction = 'inbound'
            or activity_type in ('call', 'video_meeting', 'in_person_meeting', 'demo')
        )
),

free as (
    from touches where opportunity_id is null
),

deals as (
    select
        opportunity_id,
        a.survivor_id as account_id,
        l.survivor_id as lead_id,
        c.survivor_id as contact_id,
        o.created_at,
        o.closed_at
    from opportunities as o
    left join account_survivors as a using (account_id)
    left join lead_survivors as l using (lead_id)
    left join contact_survivors as c on o.primary_contact_id = c.contact_id
    where not coalesce(o._deleted, false)
),

bounded as (
    select deals.*, closes.closed_at as closed_before
    from deals
    asof left join deals as closes
        on deals.account_id = closes.account_id and deals.created_at >= closes.closed_at
),

candidates as (
    select b.opportunity_id, closed_at, closed_before, occurred_at
    from bounded as b inner join touches using (opportunity_id)
    union all
    select b.opportunity_id, closed_at, closed_before, occurred_at
    from bounded as b inner join free using (lead_id)
    union all
    select b.opportunity_id, closed_at, closed_before, occurred_at
    from bounded as b inner join free using (contact_id)
)

select opportunity_id, min(occurred_at) as first_contact_at
from candidates
where
    (closed_at is null or occurred_at <= closed_at)
    and (closed_before is null or occurred_at > closed_before)
group by opportunity_id;

create table lead_groups as
select
    survivor_id as lead_id,
    min(created_at) as created_at,
    arg_min(coalesce(source_channel, 'unassigned'), (created_at, lead_id)) as channel,
    arg_min(coalesce(campaign_id, 'unassigned'), (created_at, lead_id)) as campaign,
    min(disqualified_at) as disqualified_at
from leads inner join lead_survivors using (lead_id)
where not coalesce(_deleted, false) or merged_into_lead_id is not null
group by all;

create table deals as
with known as (
    select
        o.opportunity_id,
        a.survivor_id as account_id,
        s.survivor_id as lead_id,
        opportunity_type,
        pipeline_id,
        stage_id,
        coalesce(owner_rep_id, 'unassigned') as rep,
        coalesce(a.segment, 'unassigned') as segment,
        coalesce(o.motion, 'unassigned') as motion,
        coalesce(o.source_channel, l.channel, 'unassigned') as channel,
        coalesce(o.campaign_id, l.campaign, 'unassigned') as campaign,
        coalesce(o.sales_play, 'unassigned') as sales_play,
        o.currency,
        o.amount,
        o.created_at,
        o.closed_at,
        o.updated_at,
        o.outcome,
        o.outcome = 'won' as is_won,
        o.outcome = 'lost' and lower(o.loss_reason) is distinct from 'duplicate' as is_lost,
        coalesce(first_contact_at, l.created_at, o.created_at) as started_at,
        coalesce(o.closed_at, o.created_at)::date as priced_on,
        coalesce(o.closed_at::date, getvariable('as_of')) as owned_on
    from opportunities as o
    inner join account_survivors as a using (account_id)
    left join lead_survivors as s on o.lead_id = s.lead_id
    left join lead_groups as l on s.survivor_id = l.lead_id
    left join first_contacts as f on o.opportunity_id = f.opportunity_id
    where not coalesce(o._deleted, false)
)

select
    known.*,
    coalesce(team_id, 'unassigned') as team,
    coalesce(region, 'unassigned') as region,
    round(amount * rate, 2)::decimal(18, 2) as usd,
    case when closed_at >= started_at then (epoch(closed_at) - epoch(started_at)) / 86400 end as days
from known
asof left join rates on known.currency = rates.currency and known.priced_on >= rates.rate_on
asof left join assignments as a on known.rep = a.rep_id and known.owned_on >= a.valid_from;

-- Each deal from day to day while it was open: its stage and what it was worth.
create table deal_states as
with visits as (
    select h.opportunity_id, entered_at, h.stage_id, stage_category = 'open' as is_open,
        stage_order, amount_at_entry as amount
    from opportunity_stage_history as h
    inner join deals as d using (opportunity_id)
    inner join pipeline_stages as s on d.pipeline_id = s.pipeline_id and h.stage_id = s.stage_id
    where closed_at is null or entered_at <= closed_at
),

changes as (
    from visits
    union all
    select opportunity_id, greatest(updated_at, created_at), stage_id, true, 999, amount
    from deals where outcome is null
    union all
    select opportunity_id, closed_at, null, false, 1000, null
    from deals where outcome is not null
),

filled as (
    select
        opportunity_id,
        entered_at::date as entered_on,
        entered_at,
        stage_order,
        is_open,
        last_value(stage_id ignore nulls) over known as stage_id,
        last_value(amount ignore nulls) over known as amount
    from changes
    window known as (partition by opportunity_id order by entered_at, stage_order
        rows unbounded preceding)
),

daily as (
    from filled
    qualify row_number() over (
        partition by opportunity_id, entered_on order by entered_at desc, stage_order desc
    ) = 1
),

spans as (
    select *, lead(entered_on) over (partition by opportunity_id order by entered_on) as left_on
    from daily
)

select
    opportunity_id,
    entered_on,
    left_on,
    rep,
    segment,
    motion,
    pipeline_id || '/' || s.stage_id as stage,
    round(s.amount * rate, 2)::decimal(18, 2) as usd
from spans as s
inner join deals using (opportunity_id)
asof left join rates
    on deals.currency = rates.currency and deals.created_at::date >= rates.rate_on
where is_open and opportunity_type <> 'renewal';

-- Leads and the day on which they reached each stage. --------------------------------------------
create table first_wins as
from deals
where is_won and opportunity_type <> 'renewal'
qualify row_number() over (partition by account_id order by closed_at, opportunity_id) = 1;

create table lead_facts as
with surviving as (
    select
        g.*,
        a.survivor_id as account_id,
        coalesce(l.owner_rep_id, 'unassigned') as rep,
        coalesce(a.segment, 'unassigned') as segment
    from lead_groups as g
    inner join leads as l using (lead_id)
    left join account_survivors as a using (account_id)
    where not coalesce(l._deleted, false) and (l.account_id is null or a.account_id is not null)
),

credited as (
    select w.opportunity_id, w.closed_at, lead_id, g.created_at, 1 as preference
    from first_wins as w inner join surviving as g using (lead_id)
    union all
    select w.opportunity_id, w.closed_at, s.survivor_id, g.created_at, 2
    from first_wins as w
    inner join leads on w.opportunity_id = leads.converted_opportunity_id
    inner join lead_survivors as s on leads.lead_id = s.lead_id
    inner join surviving as g on s.survivor_id = g.lead_id
    union all
    select w.opportunity_id, w.closed_at, g.lead_id, g.created_at, 3
    from first_wins as w
    inner join surviving as g on w.account_id = g.account_id and g.created_at <= w.closed_at
),

customers as (
    select lead_id, min(closed_at) as customer_at
    from (select arg_min(lead_id, (preference, created_at, lead_id)) as lead_id,
            min(closed_at) as closed_at from credited group by opportunity_id)
    group by all
),

opened as (
    select lead_id, min(created_at) as opportunity_at
    from (
        select lead_id, created_at from deals where lead_id is not null
        union all
        select s.survivor_id, d.created_at
        from leads
        inner join lead_survivors as s using (lead_id)
        inner join deals as d on leads.converted_opportunity_id = d.opportunity_id
    )
    group by all
),

entered as (
    select
        survivor_id as lead_id,
        min(entered_at) filter (where stage = 'mql') as mql_at,
        min(entered_at) filter (where stage = 'sql') as sql_at,
        min(entered_at) filter (where stage in ('opportunity', 'customer')) as beyond_at
    from lead_stage_history inner join lead_survivors using (lead_id)
    group by all
)

select
    s.lead_id,
    rep,
    channel,
    campaign,
    segment,
    s.created_at::date as created_on,
    coalesce(mql_at, sql_at, least(beyond_at, opportunity_at, customer_at))::date as mql_on,
    coalesce(sql_at, least(beyond_at, opportunity_at, customer_at))::date as sql_on,
    coalesce(opportunity_at, customer_at)::date as opportunity_on,
    customer_at::date as customer_on,
    coalesce(team_id, 'unassigned') as team
from surviving as s
left join entered using (lead_id)
left join opened using (lead_id)
left join customers using (lead_id)
asof left join assignments as a on s.rep = a.rep_id and s.created_at::date >= a.valid_from;

-- Invoices and customers. ------------------------------------------------------------------------
create table sales as
select
    invoice_line_id,
    i.invoice_id,
    a.survivor_id as account_id,
    i.original_invoice_id,
    i.issued_at,
    i.issued_at::date as issued_on,
    coalesce(i.rep_id, 'unassigned') as rep,
    coalesce(team_id, 'unassigned') as team,
    coalesce(location_id, 'unassigned') as location,
    coalesce(product_id, 'unassigned') as product,
    coalesce(a.segment, 'unassigned') as segment,
    coalesce(a.vertical, 'unassigned') as vertical,
    coalesce(d.channel, 'unassigned') as channel,
    net_amount,
    round(net_amount * rate, 2)::decimal(18, 2) as usd
from invoice_lines
inner join invoices as i using (invoice_id)
inner join account_survivors as a on i.account_id = a.account_id
left join deals as d on i.opportunity_id = d.opportunity_id
asof left join rates on i.currency = rates.currency and i.issued_at::date >= rates.rate_on
asof left join assignments as t on i.rep_id = t.rep_id and i.issued_at::date >= t.valid_from
where i.status <> 'void';

create table purchases as
with bills as (
    select
        account_id,
        invoice_id,
        any_value(issued_at) as bought_at,
        any_value(rep) as rep,
        sum(net_amount) as net_amount
    from sales where original_invoice_id is null group by account_id, invoice_id
),

credits as (
    select original_invoice_id as invoice_id, sum(net_amount) as net_amount
    from sales where original_invoice_id is not null group by all
)

select account_id, bought_at, rep, false as is_deal
from bills left join credits using (invoice_id)
where bills.net_amount + coalesce(credits.net_amount, 0) > 0
union all
select account_id, closed_at, rep, true from deals where is_won and opportunity_type <> 'renewal';

create table customers as
select
    account_id,
    min(bought_at)::date as since_on,
    coalesce(
        arg_min(rep, bought_at) filter (where is_deal), arg_min(rep, bought_at), 'unassigned'
    ) as rep
from purchases group by account_id;

create table spells as
with followed as (
    select
        a.survivor_id as account_id,
        subscription_id,
        period_start,
        period_end,
        lead(period_start) over (partition by subscription_id order by period_start) as next_start
    from subscription_periods inner join account_survivors as a using (account_id)
    where period_end is null or period_end > period_start
),

intervals as (
    select
        account_id,
        greatest(period_start, since_on) as starts_on,
        coalesce(
            case
                when next_start <= coalesce(period_end, next_start) + 30 then next_start
                when period_end <= getvariable('as_of') - 30 then period_end
            end, date '9999-12-31'
        ) as ends_on,
        30 as grace
    from followed inner join customers using (account_id)
    where period_end is null or period_end > since_on
),

bought as (
    select distinct account_id, bought_at::date as bought_on from purchases
    union
    select account_id, closed_at::date from deals where is_won
),

covers as (
    from intervals
    union all
    select account_id, bought_on, least(bought_on + 180, coalesce(first_on, '9999-12-31')), 0
    from bought
    left join (select account_id, min(starts_on) as first_on from intervals group by all)
        using (account_id)
    inner join customers using (account_id)
    where bought_on >= since_on and (first_on is null or bought_on < first_on)
),

marked as (
    select
        *,
        max(ends_on) over before as covered_to,
        max(grace) over before as covered_grace
    from covers
    window before as (partition by account_id order by starts_on, ends_on
        rows between unbounded preceding and 1 preceding)
),

numbered as (
    select *, count(*) filter (
        where covered_to is null
        or (covered_to < date '9999-12-31' and starts_on > covered_to + covered_grace)
    ) over (partition by account_id order by starts_on, ends_on rows unbounded preceding) as spell
    from marked
)

select
    account_id,
    min(starts_on) as started_on,
    case
        when max(ends_on) < date '9999-01-01'
            and max(ends_on) <= getvariable('as_of') - max(grace)
            then max(ends_on)
    end as ended_on
from numbered
group by account_id, spell;
