-- Client issues solved per touch: of the touches with customers in a period, the share in which a
-- problem came up and was solved. Where nobody noted whether one came up, none did.
with touches as (
    select * from {{ ref('fct_activities') }}
    where is_human and is_with_customer
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

flagged as (
    select
        touches.activity_id,
        touches.occurred_on,
        touches.rep_id,
        touches.team_id,
        touches.segment,
        accounts.account_manager_rep_id,
        touches.issue_raised is not null as is_known,
        coalesce(touches.issue_raised, false) as is_raised,
        coalesce(touches.issue_raised and touches.issue_resolved, false) as is_solved
    from touches
    left join accounts
        on touches.account_id = accounts.account_id
),

records as (
    {%- for variant, counted, base in [
        ('headline', 'is_solved', 'true'),
        ('solved_of_raised', 'is_solved', 'is_raised'),
        ('flags_known', 'is_known', 'true'),
    ] %}
    select
        '{{ variant }}' as variant,
        activity_id as record_id,
        occurred_on,
        {{ counted }} as numerator,
        true as denominator,
        rep_id as rep,
        team_id as team,
        account_manager_rep_id as account_manager,
        segment
    from flagged
    where {{ base }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'client_issue_help_rate',
    kind='rate',
    grains=month_grains(),
    dimensions=['rep', 'team', 'account_manager', 'segment'],
    variants={'headline': {}, 'solved_of_raised': {}, 'flags_known': {}},
) }}
