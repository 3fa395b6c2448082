-- How the open pipeline got from the end of one period to the end of the next. Every deal that was
-- open in the period is compared with itself: what it was at the end of the day before the period
-- (from) and what it was on its last open day in it (to). On the way it may be handed over, then
-- move into or out of the scope, then be worth another amount; a deal that was not open before
-- enters, one that is not open at the end leaves, both as it was on its last open day.
{%- set grains = kpi_grains(['month', 'quarter']) %}
{%- set dimensions = {
    'rep': 'owner_rep_id', 'team': 'team_id', 'segment': 'segment', 'motion': 'motion'
} %}
{%- set parts = [
    'pipeline_at_start', 'new', 'reopened', 'reowned_in', 'reowned_out', 'pushed', 'pulled_in',
    'repriced', 'won', 'lost', 'closed_other', 'pipeline_at_end'
] %}
{#- Whose, which part, how much, and of which deals. #}
{%- set flows = [
    ('previous_member', "'pipeline_at_start'", 'previous_amount', 'was_in'),
    ('previous_member', "'reowned_out'", '-previous_amount',
        'was_in and previous_member <> member'),
    ('member', "'reowned_in'", 'previous_amount', 'was_in and previous_member <> member'),
    ('member', "'pushed'", '-previous_amount', 'was_in and not is_in'),
    ('member', "'pulled_in'", 'previous_amount', 'was_open and not was_in and is_in'),
    ('member', "'repriced'", 'amount - previous_amount', 'was_open and is_in'),
    ('member', 'entry', 'amount', 'not was_open and is_in'),
    ('member', 'way_out', '-amount', 'is_in and not is_open_at_end'),
    ('member', "'pipeline_at_end'", 'amount', 'is_in and is_open_at_end'),
] %}
with states as (
    select * from {{ ref('fct_opportunity_states') }}
    where opportunity_type <> 'renewal' and (left_on is null or left_on > entered_on)
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
),

versions as (
    select * from {{ ref('fct_opportunity_versions') }}
),

assignments as (
    select * from {{ ref('dim_rep_assignments') }}
),

days as (
    {{ period_days('(select min(states.entered_on) from states)', grains) | indent(4) }}
),

periods as (
    select distinct
        period_grain,
        period_start,
        period_end,
        known_end,
        {{ period_end(period_start('period_start', 'quarter'), 'quarter') }} as quarter_end
    from days
),

spans as (
    select
        states.*,
        min(entered_on) over (partition by opportunity_id) as first_entered_on,
        max(entered_on) over (partition by opportunity_id) as last_entered_on
    from states
),

-- The states of a deal from the day before the period to its end.
states_of_periods as (
    select
        spans.*,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.known_end,
        periods.quarter_end,
        row_number() over (
            partition by periods.period_grain, periods.period_start, spans.opportunity_id
            order by spans.entered_on desc
        ) as recency
    from spans
    inner join periods
        on
            spans.entered_on < periods.known_end
            and (spans.left_on is null or spans.left_on >= periods.period_start)
),

-- Both ends of each deal: the state of the day before the period, and the last one in it.
ends as (
    select
        'from' as side,
        states_of_periods.*,
        {{ add_days('period_start', -1) }} as day
    from states_of_periods
    where entered_on < period_start
    union all
    select
        'to' as side,
        states_of_periods.*,
        {{ add_days('least(left_on, known_end)', -1) }} as day
    from states_of_periods
    where recency = 1
),

-- Owner and expected close are those of the version of the day, the team that of the owner then.
described as (
    select
        ends.side,
        ends.period_grain,
        ends.period_start,
        ends.period_end,
        ends.opportunity_id,
        ends.segment,
        ends.motion,
        coalesce(ends.amount, 0) as amount,
        coalesce(versions.owner_rep_id, ends.owner_rep_id) as owner_rep_id,
        coalesce(assignments.team_id, 'unassigned') as team_id,
        coalesce(versions.expected_close_on < ends.quarter_end, false) as is_due,
        ends.left_on is null or ends.left_on >= ends.known_end as is_open_at_end,
        case
            when ends.first_entered_on >= ends.period_start then 'new'
            else 'reopened'
        end as entry,
        -- What a close took away and a reopening brought back is one story.
        case
            when ends.last_entered_on > ends.entered_on then 'reopened'
            when opportunities.is_won then 'won'
            when opportunities.is_lost then 'lost'
            else 'closed_other'
        end as way_out
    from ends
    inner join opportunities
        on ends.opportunity_id = opportunities.opportunity_id
    left join versions
        on
            ends.opportunity_id = versions.opportunity_id
            and greatest(ends.day, opportunities.created_on) >= versions.valid_from_on
            and (
                versions.valid_to_on is null
                or greatest(ends.day, opportunities.created_on) < versions.valid_to_on
            )
    left join assignments
        on
            coalesce(versions.owner_rep_id, ends.owner_rep_id) = assignments.rep_id
            and ends.day >= assignments.valid_from
            and ends.day < assignments.valid_to
),

compared as (
    select
        latest.period_grain,
        latest.period_start,
        latest.period_end,
        latest.segment,
        latest.motion,
        latest.owner_rep_id,
        latest.team_id,
        latest.amount,
        latest.is_due,
        latest.is_open_at_end,
        latest.entry,
        latest.way_out,
        earlier.opportunity_id is not null as was_open,
        earlier.owner_rep_id as previous_owner_rep_id,
        earlier.team_id as previous_team_id,
        earlier.segment as previous_segment,
        earlier.motion as previous_motion,
        earlier.amount as previous_amount,
        earlier.is_due as was_due
    from described as latest
    left join described as earlier
        on
            latest.period_grain = earlier.period_grain
            and latest.period_start = earlier.period_start
            and latest.opportunity_id = earlier.opportunity_id
            and earlier.side = 'from'
    where latest.side = 'to'
),

scoped as (
    select
        compared.*,
        'open' as scope,
        was_open as was_in,
        true as is_in
    from compared
    union all
    select
        compared.*,
        'due_by_quarter_end' as scope,
        was_open and was_due as was_in,
        is_due as is_in
    from compared
    where is_due or was_due
),

members as (
    {%- for dimension in ['all'] + kpi_dimensions(dimensions | list) %}
    {%- set whole = "cast('all' as " ~ dbt.type_string() ~ ')' %}
    {%- set column = dimensions.get(dimension) %}
    select
        scoped.*,
        cast('{{ dimension }}' as {{ dbt.type_string() }}) as dimension,
        {{ column or whole }} as member,
        {{ 'previous_' ~ column if column else whole }} as previous_member
    from scoped
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- A deal that was open starts with the member that had it, and is handed over at its old value.
flows as (
    {%- for member, part, amount, condition in flows %}
    select
        period_grain,
        period_start,
        period_end,
        scope,
        dimension,
        {{ member }} as dimension_value,
        {{ part }} as part,
        {{ amount }} as amount
    from members
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    period_grain,
    period_start,
    scope,
    dimension,
    dimension_value,
    {%- for part in parts %}
    cast(sum(case when part = '{{ part }}' then amount else 0 end) as decimal(18, 2)) as {{ part }},
    {%- endfor %}
    period_end <= {{ add_days(as_of_date(), 1) }} as is_complete_period
from flows
group by period_grain, period_start, period_end, scope, dimension, dimension_value
