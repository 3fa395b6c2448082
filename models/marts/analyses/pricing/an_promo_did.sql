-- Promotion trials: two locations, before and during, and what the promotion added.
with trials as (
    select * from {{ ref('fct_promo_experiments') }}
),

invoices as (
    select distinct
        invoice_id,
        location_id,
        local_issued_on
    from {{ ref('fct_invoice_lines') }}
    where document_type = 'invoice'
),

locations as (
    select * from {{ ref('dim_locations') }}
),

lifts as (
    select
        dimension_value as experiment_id,
        {%- for variant, column in [
            ('headline', 'did_abs'),
            ('revenue', 'did_revenue'),
            ('per_day', 'did_per_day'),
            ('relative', 'did_rel'),
            ('pre_gap', 'pre_similarity_gap'),
        ] %}
        max(case when variant = '{{ variant }}' then kpi_value end) as {{ column }},
        {%- endfor %}
        max(case when variant = 'is_valid' then numerator end) = 1 as is_valid
    from {{ ref('promo_lift') }}
    where period_grain = 'month' and dimension = 'experiment'
    group by dimension_value
),

{%- for side in ['treated', 'control'] %}
{{ side }}_orders as (
    select
        {%- for period in ['pre', 'post'] %}
        count(case
            when
                invoices.local_issued_on >= trials.{{ period }}_start
                and invoices.local_issued_on < trials.{{ period }}_end
                then 1
        end) as {{ period }}_orders,
        {%- endfor %}
        trials.experiment_id
    from trials
    inner join invoices
        on trials.{{ side }}_location_id = invoices.location_id
    group by trials.experiment_id
),
{% endfor %}
measured as (
    select
        trials.*,
        coalesce(treated_orders.pre_orders, 0) as treated_pre_orders,
        coalesce(treated_orders.post_orders, 0) as treated_post_orders,
        coalesce(control_orders.pre_orders, 0) as control_pre_orders,
        coalesce(control_orders.post_orders, 0) as control_post_orders,
        lifts.did_abs,
        lifts.did_revenue,
        lifts.did_per_day,
        lifts.did_rel,
        lifts.pre_similarity_gap,
        lifts.is_valid
    from trials
    left join treated_orders
        on trials.experiment_id = treated_orders.experiment_id
    left join control_orders
        on trials.experiment_id = control_orders.experiment_id
    left join lifts
        on trials.experiment_id = lifts.experiment_id
),

judged as (
    select
        measured.*,
        least(treated_pre_orders, treated_post_orders, control_pre_orders, control_post_orders)
        >= {{ var('min_n') }} as has_enough_orders
    from measured
)

select
    judged.experiment_id,
    judged.promotion_id,
    judged.promotion_type,
    judged.treated_location_id,
    treated.location_name as treated_location_name,
    judged.control_location_id,
    control.location_name as control_location_name,
    judged.pre_start,
    judged.pre_end,
    judged.post_start,
    judged.post_end,
    judged.pre_days,
    judged.post_days,
    {%- for side in ['treated', 'control'] %}
    {%- for period in ['pre', 'post'] %}
    judged.{{ side }}_{{ period }}_quantity,
    judged.{{ side }}_{{ period }}_orders,
    judged.{{ side }}_{{ period }}_net_amount,
    {%- endfor %}
    {%- endfor %}
    judged.did_abs,
    case when judged.has_enough_orders then judged.did_rel end as did_rel,
    judged.did_per_day,
    judged.did_revenue,
    judged.later_returned_quantity,
    judged.pre_similarity_gap,
    judged.is_similar_before,
    judged.has_disturbed_control,
    judged.is_valid,
    judged.has_enough_orders,
    case
        when not coalesce(judged.is_valid, false) or not judged.has_enough_orders then null
        when judged.did_abs > 0 then 'sold_more'
        when judged.did_abs < 0 then 'sold_less'
        else 'no_difference'
    end as finding
from judged
left join locations as treated
    on judged.treated_location_id = treated.location_id
left join locations as control
    on judged.control_location_id = control.location_id
