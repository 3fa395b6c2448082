-- One row per satisfaction survey sent to a contact by as_of_date: whether the customer was old
-- enough to be asked, and which answer counts. An answer gives way to the next one of its contact
-- if that was asked for too soon after it.
with surveys as (
    select * from {{ ref('nps_surveys') }}
    where not is_deleted and {{ business_date('sent_at') }} <= {{ as_of_date() }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

customers as (
    select * from {{ ref('int_customers') }}
),

contact_survivors as (
    select * from {{ ref('int_contact_survivors') }}
),

as_known as (
    select
        surveys.survey_id,
        coalesce(account_survivors.survivor_id, surveys.account_id) as account_id,
        coalesce(contact_survivors.survivor_id, surveys.contact_id) as contact_id,
        coalesce(accounts.segment, 'unassigned') as segment,
        coalesce(accounts.vertical, 'unassigned') as vertical,
        coalesce(accounts.account_manager_rep_id, 'unassigned') as account_manager_rep_id,
        surveys.sent_at,
        {{ business_date('surveys.sent_at') }} as sent_on,
        {{ business_date('surveys.responded_at') }} as responded_on,
        surveys.score,
        coalesce({{ business_date('surveys.responded_at') }} <= {{ as_of_date() }}, false)
        and surveys.score is not null as is_answered,
        customers.customer_since_on
    from surveys
    left join account_survivors
        on surveys.account_id = account_survivors.account_id
    left join accounts
        on account_survivors.survivor_id = accounts.account_id
    left join customers
        on account_survivors.survivor_id = customers.account_id
    left join contact_survivors
        on surveys.contact_id = contact_survivors.contact_id
    where not coalesce(accounts.is_test, false)
),

aged as (
    select
        as_known.*,
        coalesce(
            sent_on >= {{ add_days('customer_since_on', var('nps_min_age_days')) }}, false
        ) as is_eligible
    from as_known
),

followed as (
    select
        survey_id,
        {{ seconds_between(
            'sent_at', 'lead(sent_at) over (partition by contact_id order by sent_at, survey_id)'
        ) }} < {{ var('nps_resend_days') }} * 86400 as is_replaced
    from aged
    where is_eligible and is_answered and contact_id is not null
)

select
    aged.survey_id,
    aged.account_id,
    aged.contact_id,
    aged.segment,
    aged.vertical,
    aged.account_manager_rep_id,
    aged.sent_at,
    aged.sent_on,
    case when aged.is_answered then aged.responded_on end as responded_on,
    case when aged.is_answered then aged.score end as score,
    case
        when aged.is_answered and aged.score >= 9 then 'promoter'
        when aged.is_answered and aged.score >= 7 then 'passive'
        when aged.is_answered then 'detractor'
    end as nps_group,
    aged.customer_since_on,
    aged.is_eligible,
    aged.is_answered,
    coalesce(followed.is_replaced, false) as is_replaced,
    aged.is_eligible and aged.is_answered and not coalesce(followed.is_replaced, false)
        as is_counted
from aged
left join followed
    on aged.survey_id = followed.survey_id
