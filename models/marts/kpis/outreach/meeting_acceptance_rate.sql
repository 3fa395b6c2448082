-- Meeting acceptance rate: meetings booked with prospects for each reply received. Several meetings
-- may follow one reply, so it can exceed 1; by_prospect cannot.
with meetings as (
    select * from {{ ref('fct_meetings') }}
),

replies as (
    select
        activities.*,
        row_number() over (partition by person_id order by occurred_at, activity_id) as position
    from {{ ref('fct_activities') }} as activities
    where is_reply
),

met as (
    select distinct person_id
    from {{ ref('fct_meeting_people') }}
),

records as (
    select
        'headline' as variant,
        meeting_id as record_id,
        booked_on as occurred_on,
        true as numerator,
        false as denominator,
        rep_id as rep,
        team_id as team,
        segment
    from meetings
    union all
    select
        'headline' as variant,
        activity_id as record_id,
        occurred_on,
        false as numerator,
        true as denominator,
        rep_id as rep,
        team_id as team,
        segment
    from replies
    union all
    -- Of the prospects who replied for the first time, those who met us at any time.
    select
        'by_prospect' as variant,
        replies.person_id as record_id,
        replies.occurred_on,
        met.person_id is not null as numerator,
        true as denominator,
        replies.rep_id as rep,
        replies.team_id as team,
        replies.segment
    from replies
    left join met
        on replies.person_id = met.person_id
    where replies.person_id is not null and replies.position = 1
)

{{ kpi(
    'meeting_acceptance_rate',
    kind='ratio',
    grains=month_grains(),
    dimensions=['rep', 'team', 'segment'],
    variants={
        'headline': {'time_basis': 'event'},
        'by_prospect': {'time_basis': 'cohort', 'kind': 'rate'},
    },
) }}
