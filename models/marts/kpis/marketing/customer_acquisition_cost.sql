-- Customer acquisition cost: all that winning customers cost, salaries and hidden cost included,
-- for each customer acquired in the same period.
with expenses as (
    select * from {{ ref('fct_expenses') }}
),

spells as (
    select * from {{ ref('fct_customer_spells') }}
    where not is_reactivation
),

-- `lagged` moves the cost on by a sales cycle, to the customers it was spent on.
records as (
    {%- for variant, cost_day in [('headline', 'expense_on'), ('lagged', 'takes_effect_on')] %}
    select
        '{{ variant }}' as variant,
        expense_id as record_id,
        {{ cost_day }} as occurred_on,
        acquisition_amount as numerator,
        0 as denominator,
        motion,
        channel
    from expenses
    union all
    select
        '{{ variant }}' as variant,
        account_id as record_id,
        started_on as occurred_on,
        0 as numerator,
        1 as denominator,
        motion,
        source_channel as channel
    from spells
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'customer_acquisition_cost',
    kind='ratio',
    time_basis='event',
    dimensions=['motion', 'channel'],
    variants={'headline': {}, 'lagged': {}},
    grains=month_grains(),
) }}
