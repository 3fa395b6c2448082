-- Proposals that miss: what became of the deals that got their first proposal in a quarter, by how
-- many versions it took. Deals and answers are those of contract_close_rate.
{%- set most = var('proposal_versions_max') %}
{%- set members = {
    'all': "'all'", 'team': 'sender_team_id', 'rep': 'sent_by_rep_id', 'segment': 'segment'
} %}
with proposals as (
    select * from {{ ref('fct_proposals') }}
    where opportunity_type <> 'renewal' and not is_excluded
),

answers as (
    select
        opportunity_id,
        count(*) as versions,
        count(signed_on) > 0 as is_signed,
        count(case when is_last then declined_on end) > 0 as is_last_declined
    from proposals
    group by opportunity_id
),

-- Every deal is signed, declined, still open or closed without an answer, and only one of these.
deals as (
    select
        {{ period_start('proposals.sent_on', 'quarter') }} as period_start,
        proposals.sender_team_id,
        proposals.sent_by_rep_id,
        proposals.segment,
        case
            when answers.versions >= {{ most }} then '{{ most }}+'
            else cast(answers.versions as {{ dbt.type_string() }})
        end as versions,
        answers.versions as versions_sent,
        answers.is_signed,
        not answers.is_signed and answers.is_last_declined as is_declined,
        not answers.is_signed and not answers.is_last_declined and proposals.is_open
            as is_still_open
    from proposals
    inner join answers
        on proposals.opportunity_id = answers.opportunity_id
    where proposals.is_first
),

counted as (
    {%- for dimension, member in members.items() %}
    select
        period_start,
        '{{ dimension }}' as dimension,
        {{ member }} as dimension_value,
        versions,
        count(*) as deals,
        cast(sum(versions_sent) as bigint) as versions_sent,
        count(*) filter (where is_signed) as signed_deals,
        count(*) filter (where is_declined) as declined_deals,
        count(*) filter (where is_still_open) as open_deals,
        count(*) filter (where not (is_signed or is_declined or is_still_open))
            as unanswered_deals
    from deals
    group by
        period_start,
        {%- if dimension != 'all' %}
        {{ member }},
        {%- endif %}
        versions
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

with_all as (
    select
        counted.*,
        cast(sum(deals) over (
            partition by period_start, dimension, dimension_value
        ) as bigint) as all_deals,
        cast(sum(signed_deals) over (
            partition by period_start, dimension, dimension_value
        ) as bigint) as all_signed_deals,
        {{ period_end('period_start', 'quarter') }} as period_end
    from counted
),

rated as (
    select
        with_all.*,
        case when deals >= {{ var('min_n') }} then {{ ratio('signed_deals', 'deals') }} end
            as close_rate,
        case when deals >= {{ var('min_n') }} then {{ ratio('declined_deals', 'deals') }} end
            as declined_share,
        case
            when all_deals >= {{ var('min_n') }} then {{ ratio('all_signed_deals', 'all_deals') }}
        end as all_close_rate
    from with_all
)

select
    'quarter' as period_grain,
    period_start,
    period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period,
    {{ add_days('period_end', var('conversion_horizon_days')) }}
    <= {{ add_days(as_of_date(), 1) }} as is_matured,
    dimension,
    dimension_value,
    versions,
    deals,
    versions_sent,
    signed_deals,
    close_rate,
    declined_deals,
    declined_share,
    open_deals,
    unanswered_deals,
    all_deals,
    all_signed_deals,
    all_close_rate,
    round(close_rate - all_close_rate, 6) as close_rate_lift
from rated
