-- Sales funnel flow: of the deals open in a stage with an expected time, the share that has not
-- been there longer. The clock starts anew with every entry; the last expected day is still on
-- pace.
with visits as (
    select * from {{ ref('fct_opportunity_stage_visits') }}
    where expected_days is not null and opportunity_type <> 'renewal'
),

-- A visit is one record while it is on pace and another once it has fallen behind, for each team
-- that had it.
records as (
    {%- for is_on_pace in [true, false] %}
    select
        opportunity_id as record_id,
        {%- if is_on_pace %}
        entered_on,
        case
            when left_on <= behind_from then left_on
            when behind_from <= {{ as_of_date() }} then behind_from
        end as left_on,
        true as numerator,
        {%- else %}
        greatest(entered_on, behind_from) as entered_on,
        left_on,
        false as numerator,
        {%- endif %}
        true as denominator,
        owner_rep_id as rep,
        team_id as team,
        stage
    from visits
    {%- if is_on_pace %}
    where entered_on < behind_from
    {%- else %}
    where behind_from <= {{ as_of_date() }} and (left_on is null or left_on > behind_from)
    {%- endif %}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'funnel_on_pace_rate',
    kind='rate',
    time_basis='snapshot',
    dimensions=['rep', 'team', 'stage'],
) }}
