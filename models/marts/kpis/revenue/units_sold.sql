-- Units sold: how many units were sold in a period, less those that came back.
with lines as (
    select * from {{ ref('fct_invoice_lines') }}
),

records as (
    {%- for variant, day in [('headline', 'issued_on'), ('restated', 'restated_on')] %}
    select
        '{{ variant }}' as variant,
        invoice_line_id as record_id,
        {{ day }} as occurred_on,
        quantity as numerator,
        rep_id as rep,
        team_id as team,
        territory_id as territory,
        location_id as location,
        source_channel as channel,
        product_id as product,
        product_family,
        segment,
        vertical
    from lines
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi(
    'units_sold',
    kind='sum',
    dimensions=[
        'rep', 'team', 'territory', 'location', 'channel', 'product', 'product_family', 'segment',
        'vertical'
    ],
    variants={
        'headline': {'time_basis': 'event'},
        'restated': {'time_basis': 'event'},
    },
) }}
