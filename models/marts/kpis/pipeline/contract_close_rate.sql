-- Contract close rate: of the deals that got their first proposal in a period, the share that was
-- signed since, whichever version it was.
{%- set dimensions = ['rep', 'team', 'segment', 'response_bucket'] %}
{%- set cohort = {
    'kind': 'rate',
    'time_basis': 'cohort',
    'matures_after': {'days': var('conversion_horizon_days')},
} %}
with proposals as (
    select * from {{ ref('fct_proposals') }}
    where opportunity_type <> 'renewal' and not is_excluded
),

answers as (
    select
        opportunity_id,
        min(signed_on) as signed_on,
        min(declined_on) as declined_on,
        max(case when is_last then declined_on end) as last_declined_on
    from proposals
    group by opportunity_id
),

answered as (
    select
        proposals.opportunity_id,
        proposals.sent_on,
        answers.signed_on,
        answers.signed_on is not null as is_signed,
        answers.signed_on is null
        and answers.last_declined_on is null
        and proposals.is_open as is_still_open,
        {{ days_between('proposals.sent_on', 'coalesce(answers.signed_on, answers.declined_on)') }}
            as response_days,
        proposals.sent_by_rep_id as rep,
        proposals.sender_team_id as team,
        proposals.segment
    from proposals
    inner join answers
        on proposals.opportunity_id = answers.opportunity_id
    where proposals.is_first
),

bucketed as (
    select
        answered.*,
        case
            when response_days between 0 and 7 then '00-07'
            when response_days between 8 and 30 then '08-30'
            when response_days > 30 then '31+'
            else 'unassigned'
        end as response_bucket
    from answered
),

records as (
    {%- for variant, day, numerator, denominator in [
        ('headline', 'sent_on', 'is_signed', 'true'),
        ('still_open', 'sent_on', 'is_still_open', 'true'),
        ('by_event', 'sent_on', 'false', 'true'),
        ('by_event', 'signed_on', 'true', 'false'),
    ] %}
    select
        '{{ variant }}' as variant,
        opportunity_id as record_id,
        {{ day }} as occurred_on,
        {{ numerator }} as numerator,
        {{ denominator }} as denominator,
        {{ dimensions | join(',\n        ') }}
    from bucketed
    {%- if day == 'signed_on' %}
    where is_signed
    {%- else %}
    union all
    {%- endif %}
    {%- endfor %}
)

{{ kpi(
    'contract_close_rate',
    kind='ratio',
    grains=month_grains(),
    dimensions=dimensions,
    variants={
        'headline': cohort,
        'still_open': cohort,
        'by_event': {'time_basis': 'event'},
    },
) }}
