-- Average customer relationship length: how many months the customers known at the end of a period
-- have been customers by then, times away not counted. Who still is one has not ended, so the mean
-- is less than it will be.
with spells as (
    select * from {{ ref('fct_customer_spells') }}
),

periods as (
    select distinct
        period_grain,
        period_start,
        known_end
    from (
        {{ period_days('(select min(spells.started_on) from spells)', kpi_grains(month_grains()))
            | indent(8) }}
    ) as days
),

relationships as (
    select
        spells.account_id,
        spells.account_manager_rep_id,
        spells.segment,
        spells.vertical,
        periods.period_grain,
        periods.period_start,
        sum({{ months_between(
            'spells.started_on',
            'least(coalesce(spells.ended_on, periods.known_end), periods.known_end)'
        ) }}) as months,
        max(case
            when spells.ended_on is null or spells.ended_on > periods.known_end then 1
            else 0
        end) as is_active
    from spells
    inner join periods
        on spells.started_on < periods.known_end
    group by
        spells.account_id,
        spells.account_manager_rep_id,
        spells.segment,
        spells.vertical,
        periods.period_grain,
        periods.period_start
),

records as (
    {%- for variant, measure, condition in [
        ('headline', 'months', 'true'),
        ('ended', 'months', 'is_active = 0'),
        ('still_active', 'is_active', 'true'),
    ] %}
    select
        '{{ variant }}' as variant,
        account_id as record_id,
        period_grain,
        period_start,
        {{ measure }} as numerator,
        1 as denominator,
        account_manager_rep_id as account_manager,
        segment,
        vertical
    from relationships
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'customer_relationship_length',
    kind='average',
    time_basis='snapshot',
    by_period=true,
    grains=month_grains(),
    dimensions=['account_manager', 'segment', 'vertical'],
    variants={'headline': {}, 'ended': {}, 'still_active': {'kind': 'rate'}},
) }}
