-- The physical limit, part 1 of 3: every file of the extracts as a typed table, the current version
-- of each row. `$$name` is a DuckDB reader over the files of that entity (see by_hand.py).
--
-- The three parts cover: all entities that the demo delivers; leads, deals, invoices, customers and
-- open pipeline as facts in dollars, merges and test accounts resolved; the headline reading of
-- eleven KPIs in all five grains and most of their dimensions, with medians and zeros.
-- They leave out what a pipeline is for: a ledger of files and rejected rows, text as it arrived,
-- more than one source, loads that bring only changes, seeds and translations, filters on an earlier
-- as_of_date (the demo has no later rows), the other readings and KPIs, intervals, and every test.
create table accounts as
from $accounts
where account_id is not null
qualify row_number() over (partition by account_id order by updated_at desc) = 1;

create table contacts as
from $contacts
where contact_id is not null
qualify row_number() over (partition by contact_id order by updated_at desc) = 1;

create table leads as
from $leads
where
    lead_id is not null
    and (_deleted or (created_at is not null and motion in ('inbound', 'outbound')))
qualify row_number() over (partition by lead_id order by updated_at desc) = 1;

create table opportunities as
from $opportunities
where opportunity_id is not null
qualify row_number() over (partition by opportunity_id order by updated_at desc) = 1;

create table activities as
from $activities
where activity_id is not null
qualify row_number() over (partition by activity_id order by updated_at desc) = 1;

create table invoices as
from $invoices
where invoice_id is not null
qualify row_number() over (partition by invoice_id order by updated_at desc) = 1;

create table invoice_lines as
from $invoice_lines
qualify row_number() over (partition by invoice_line_id) = 1;

create table lead_stage_history as
from $lead_stage_history
qualify row_number() over (partition by lead_id, stage, entered_at) = 1;

create table opportunity_stage_history as
from $opportunity_stage_history
qualify row_number() over (partition by opportunity_id, stage_id, entered_at) = 1;

create table subscription_periods as
from $subscription_periods
qualify row_number() over (partition by subscription_id, period_start) = 1;

create table marketing_touchpoints as
from $marketing_touchpoints
qualify row_number() over (partition by touchpoint_id) = 1;

create table onboardings as
from $onboardings
qualify row_number() over (partition by onboarding_id) = 1;

create table targets as
from $targets
qualify row_number() over (partition by target_id) = 1;

create table exchange_rates as
from $exchange_rates
qualify row_number() over (partition by rate_on, from_currency, to_currency) = 1;

create table campaigns as
from $campaigns
qualify row_number() over (partition by campaign_id) = 1;

create table products as
from $products
qualify row_number() over (partition by product_id) = 1;

create table pipeline_stages as from $pipeline_stages;

create table rep_assignment_history as from $rep_assignment_history;

create table reps as from $reps;

create table teams as from $teams;

create table territories as from $territories;

create table locations as from $locations;
