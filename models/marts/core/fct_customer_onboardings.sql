-- One row per onboarding of a customer that has begun by as_of_date; not of test accounts.
with onboardings as (
    select
        onboarding_id,
        account_id,
        started_at,
        {{ business_date('started_at') }} as started_on,
        case when {{ business_date('completed_at') }} <= {{ as_of_date() }} then completed_at end
            as completed_at
    from {{ ref('onboardings') }}
    where
        not is_deleted
        and subject_type = 'customer'
        and {{ business_date('started_at') }} <= {{ as_of_date() }}
),

account_survivors as (
    select * from {{ ref('int_account_survivors') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

first_wins as (
    select * from {{ ref('int_account_first_wins') }}
),

spells as (
    select * from {{ ref('int_customer_spells') }}
),

joined as (
    select
        onboardings.*,
        coalesce(account_survivors.survivor_id, onboardings.account_id) as surviving_account_id,
        {{ business_date('onboardings.completed_at') }} as completed_on,
        accounts.segment,
        accounts.vertical
    from onboardings
    left join account_survivors
        on onboardings.account_id = account_survivors.account_id
    left join accounts
        on account_survivors.survivor_id = accounts.account_id
    where not coalesce(accounts.is_test, false)
),

losses as (
    select
        joined.onboarding_id,
        min(spells.lost_on) as lost_on
    from joined
    inner join spells
        on joined.surviving_account_id = spells.account_id
    where
        spells.ended_on > joined.started_on
        and (joined.completed_on is null or spells.ended_on <= joined.completed_on)
    group by joined.onboarding_id
)

select
    joined.onboarding_id,
    joined.surviving_account_id as account_id,
    coalesce(joined.segment, 'unassigned') as segment,
    coalesce(joined.vertical, 'unassigned') as vertical,
    joined.started_on,
    joined.completed_on,
    joined.completed_on is not null as is_completed,
    losses.lost_on as lost_before_on,
    -- One that ends before it begins is an error, and takes no time.
    case
        when joined.completed_at >= joined.started_at
            then {{ elapsed_days('joined.started_at', 'joined.completed_at') }}
    end as onboarding_days,
    case
        when
            joined.completed_at >= joined.started_at
            and joined.completed_at >= first_wins.closed_at
            then {{ elapsed_days('first_wins.closed_at', 'joined.completed_at') }}
    end as days_from_first_win,
    case
        when joined.completed_on is null
            then {{ days_between('joined.started_on', as_of_date()) }}
    end as open_days
from joined
left join first_wins
    on joined.surviving_account_id = first_wins.account_id
left join losses
    on joined.onboarding_id = losses.onboarding_id
