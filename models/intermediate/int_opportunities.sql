-- One row per deal that counts: neither deleted nor of a test account, created by as_of_date.
-- Outcome and close are those known on as_of_date; a reopened deal has its last one only.
with opportunities as (
    select * from {{ ref('opportunities') }}
    where not is_deleted and {{ business_date('created_at') }} <= {{ as_of_date() }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

lead_survivors as (
    select * from {{ ref('int_lead_survivors') }}
),

leads as (
    select * from {{ ref('int_leads') }}
),

first_contacts as (
    select * from {{ ref('int_opportunity_first_contacts') }}
),

assignments as (
    select * from {{ ref('int_rep_assignments') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
),

visits as (
    select * from {{ ref('int_opportunity_stage_visits') }}
),

derived_types as (
    select * from {{ ref('int_opportunity_types') }}
),

ranked_visits as (
    select
        visits.*,
        row_number() over (
            partition by opportunity_id
            order by case when amount_at_entry is null then 1 else 0 end, visit_number
        ) as value_position,
        row_number() over (
            partition by opportunity_id
            order by case when stage_category = 'open' then 0 else 1 end, visit_number desc
        ) as open_position
    from visits
),

-- What the stage history says of a deal as a whole.
histories as (
    select
        opportunity_id,
        count(case when stage_category in ('won', 'lost') and not is_last_visit then 1 end)
            as reopened_times,
        min(case when stage_category = 'won' then entered_at end) as first_won_at,
        max(case when value_position = 1 then amount_at_entry end) as first_amount,
        max(
            case
                when open_position = 1 and stage_category = 'open'
                    then pipeline_id || '/' || stage_id
            end
        ) as last_open_stage
    from ranked_visits
    group by opportunity_id
),

as_known as (
    select
        opportunities.*,
        {{ business_date('created_at') }} as created_on,
        case
            when
                outcome is not null
                and {{ business_date('closed_at') }} <= {{ as_of_date() }}
                then {{ business_date('closed_at') }}
        end as closed_on
    from opportunities
),

-- The document's date of a deal is its close; while it is open, its creation.
dated as (
    select
        as_known.*,
        coalesce(closed_on, created_on) as priced_on,
        coalesce(closed_on, {{ as_of_date() }}) as owned_on
    from as_known
),

joined as (
    select
        dated.opportunity_id,
        coalesce(account_survivors.survivor_id, dated.account_id) as account_id,
        lead_survivors.survivor_id as lead_id,
        coalesce(dated.opportunity_type, derived_types.opportunity_type) as opportunity_type,
        dated.pipeline_id,
        dated.stage_id,
        coalesce(dated.owner_rep_id, 'unassigned') as owner_rep_id,
        coalesce(dated.sourced_by_rep_id, 'unassigned') as sourced_by_rep_id,
        coalesce(at_close.team_id, 'unassigned') as close_team_id,
        coalesce(at_close.territory_id, 'unassigned') as close_territory_id,
        coalesce(at_close.region, 'unassigned') as close_region,
        coalesce(at_creation.team_id, 'unassigned') as creation_team_id,
        coalesce(at_creation.territory_id, 'unassigned') as creation_territory_id,
        coalesce(at_creation.region, 'unassigned') as creation_region,
        coalesce(accounts.segment, 'unassigned') as segment,
        coalesce(accounts.vertical, 'unassigned') as vertical,
        coalesce(accounts.business_model, 'unassigned') as business_model,
        coalesce(dated.motion, leads.motion, 'unassigned') as motion,
        coalesce(dated.source_channel, leads.source_channel, 'unassigned') as source_channel,
        coalesce(dated.campaign_id, leads.campaign_id, 'unassigned') as campaign_id,
        coalesce(dated.sales_play, 'unassigned') as sales_play,
        dated.amount as amount_in_currency,
        dated.currency,
        {{ convert('dated.amount', 'dated.currency', 'exchange_rates.rate') }} as amount,
        {{ convert(
            'coalesce(histories.first_amount, dated.amount)',
            'dated.currency',
            'creation_rates.rate'
        ) }} as amount_at_creation,
        dated.created_at,
        dated.created_on,
        case when dated.closed_on is not null then dated.closed_at end as closed_at,
        dated.closed_on,
        case when dated.closed_on is not null then dated.outcome end as outcome,
        coalesce(dated.loss_reason, 'unknown') as loss_reason,
        coalesce(nullif({{ label_key('dated.loss_reason') }}, ''), 'unknown') as loss_reason_key,
        coalesce(histories.last_open_stage, 'unknown') as last_open_stage,
        coalesce(histories.reopened_times, 0) as reopened_times,
        coalesce(
            {{ business_date('histories.first_won_at') }},
            case when dated.outcome = 'won' then dated.closed_on end
        ) as first_won_on,
        case
            when first_contacts.first_contact_at is not null then 'first_contact'
            when leads.created_at is not null then 'lead_created'
            else 'opportunity_created'
        end as cycle_start_source,
        coalesce(first_contacts.first_contact_at, leads.created_at, dated.created_at)
            as cycle_started_at
    from dated
    left join account_survivors
        on dated.account_id = account_survivors.account_id
    left join accounts
        on account_survivors.survivor_id = accounts.account_id
    left join lead_survivors
        on dated.lead_id = lead_survivors.lead_id
    left join leads
        on lead_survivors.survivor_id = leads.lead_id
    left join first_contacts
        on dated.opportunity_id = first_contacts.opportunity_id
    left join derived_types
        on dated.opportunity_id = derived_types.opportunity_id
    left join histories
        on dated.opportunity_id = histories.opportunity_id
    left join exchange_rates
        on dated.currency = exchange_rates.currency and dated.priced_on = exchange_rates.valid_on
    left join exchange_rates as creation_rates
        on dated.currency = creation_rates.currency and dated.created_on = creation_rates.valid_on
    left join assignments as at_close
        on
            dated.owner_rep_id = at_close.rep_id
            and dated.owned_on >= at_close.valid_from
            and dated.owned_on < at_close.valid_to
    left join assignments as at_creation
        on
            dated.owner_rep_id = at_creation.rep_id
            and dated.created_on >= at_creation.valid_from
            and dated.created_on < at_creation.valid_to
    where not coalesce(accounts.is_test, false)
),

final as (
    select
        joined.*,
        outcome is null as is_open,
        outcome is not null as is_closed,
        coalesce(outcome = 'won', false) as is_won,
        coalesce(
            outcome = 'lost'
            and lower(loss_reason) not in ('{{ var("excluded_loss_reasons") | join("', '") }}'),
            false
        ) as is_lost,
        coalesce(
            outcome = 'lost'
            and lower(loss_reason) in ('{{ var("excluded_loss_reasons") | join("', '") }}'),
            false
        ) as is_excluded,
        case
            when closed_at >= cycle_started_at
                then {{ elapsed_days('cycle_started_at', 'closed_at') }}
        end as cycle_days
    from joined
)

select
    final.*,
    case
        when cycle_days is null then 'unassigned'
        when cycle_days < 31 then '000-030'
        when cycle_days < 61 then '031-060'
        when cycle_days < 91 then '061-090'
        when cycle_days < 181 then '091-180'
        else '181+'
    end as cycle_bucket
from final
