-- Cold e-mails sent: first approaches in writing to somebody who is no customer, each by a person.
with touches as (
    select * from {{ ref('fct_activities') }}
    where is_cold_touch
),

records as (
    select
        activity_id as record_id,
        occurred_on,
        1 as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory
    from touches
    where activity_type = 'email' and not is_automated
)

{{ kpi('cold_emails_sent', kind='sum', dimensions=['rep', 'team', 'territory']) }}
