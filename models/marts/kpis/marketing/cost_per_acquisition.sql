-- Cost per acquisition: what marketing and sales programmes cost for each acquisition of the same
-- period. Salaries and hidden cost belong to customer_acquisition_cost.
{%- set types = ['closed_deal', 'form_fill', 'asset_download'] %}
{%- set others = types | reject('equalto', var('acquisition_type')) | list %}
{%- set readings = {
    'headline': (var('acquisition_type'), 'expense_on'),
    others[0]: (others[0], 'expense_on'),
    others[1]: (others[1], 'expense_on'),
    'lagged': (var('acquisition_type'), 'takes_effect_on'),
} %}
with expenses as (
    select * from {{ ref('fct_expenses') }}
    where category in ('marketing', 'advertising', 'tools', 'commission')
),

acquisitions as (
    select * from {{ ref('fct_acquisitions') }}
),

-- Cost and acquisitions are not paired: both count on their own day.
records as (
    {%- for variant, (acquisition_type, cost_day) in readings.items() %}
    select
        '{{ variant }}' as variant,
        expense_id as record_id,
        {{ cost_day }} as occurred_on,
        acquisition_amount as numerator,
        0 as denominator,
        campaign_id as campaign,
        channel
    from expenses
    union all
    select
        '{{ variant }}' as variant,
        acquisition_id as record_id,
        occurred_on,
        0 as numerator,
        1 as denominator,
        campaign_id as campaign,
        channel
    from acquisitions
    where acquisition_type = '{{ acquisition_type }}'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'cost_per_acquisition',
    kind='ratio',
    time_basis='event',
    dimensions=['campaign', 'channel'],
    variants={'headline': {}, others[0]: {}, others[1]: {}, 'lagged': {}},
    grains=month_grains(),
) }}
