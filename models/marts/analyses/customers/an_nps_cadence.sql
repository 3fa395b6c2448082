-- Whom to ask next how satisfied they are: the people of our customers, by how long they have not
-- been asked. A customer has to be old enough first, and nobody is asked too often.
with contacts as (
    select * from {{ ref('dim_contacts') }}
    where not is_deleted
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

spells as (
    select * from {{ ref('fct_customer_spells') }}
    where ended_on is null
),

surveys as (
    select * from {{ ref('fct_nps_surveys') }}
),

asked as (
    select
        contact_id,
        count(*) as surveys,
        count(case when is_answered then 1 end) as answers,
        max(sent_on) as last_asked_on,
        max(responded_on) as last_answered_on
    from surveys
    group by contact_id
),

joined as (
    select
        contacts.contact_id,
        contacts.account_id,
        contacts.buyer_persona,
        accounts.segment,
        accounts.vertical,
        accounts.account_manager_rep_id,
        accounts.customer_since_on,
        {{ days_between('accounts.customer_since_on', as_of_date()) }} as customer_age_days,
        coalesce(asked.surveys, 0) as surveys,
        coalesce(asked.answers, 0) as answers,
        asked.last_asked_on,
        asked.last_answered_on,
        {{ days_between('asked.last_asked_on', as_of_date()) }} as days_since_asked,
        {{ add_days('accounts.customer_since_on', var('nps_min_age_days')) }} as old_enough_on,
        {{ add_days('asked.last_asked_on', var('nps_resend_days')) }} as may_be_asked_again_on
    from contacts
    inner join accounts
        on contacts.account_id = accounts.account_id
    inner join spells
        on contacts.account_id = spells.account_id
    left join asked
        on contacts.contact_id = asked.contact_id
),

judged as (
    select
        joined.*,
        case
            when customer_age_days < {{ var('nps_min_age_days') }} then 'too_early'
            when days_since_asked < {{ var('nps_resend_days') }} then 'not_due'
            -- Who was never asked waits since the day on which the account became a customer.
            when coalesce(days_since_asked, customer_age_days) > {{ var('nps_overdue_days') }}
                then 'overdue'
            else 'due'
        end as status
    from joined
)

select
    contact_id,
    account_id,
    buyer_persona,
    segment,
    vertical,
    account_manager_rep_id,
    customer_since_on,
    customer_age_days,
    surveys,
    answers,
    last_asked_on,
    last_answered_on,
    days_since_asked,
    greatest(old_enough_on, may_be_asked_again_on) as due_on,
    status,
    status in ('due', 'overdue') as is_to_be_asked
from judged
