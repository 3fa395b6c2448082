-- One row per promotion that was tried out in one location against another, with what both sold
-- before and during it. Days are those of the location.
with experiments as (
    select * from {{ ref('promo_experiments') }}
    where not is_deleted and post_end <= {{ add_days(as_of_date(), 1) }}
),

promotions as (
    select * from {{ ref('promotions') }}
),

lines as (
    select * from {{ ref('fct_invoice_lines') }}
),

invoices as (
    select * from {{ ref('int_invoices') }}
),

sides as (
    {%- for side in ['treated', 'control'] %}
    select
        experiments.*,
        '{{ side }}' as side,
        {{ side }}_location_id as location_id
    from experiments
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

timed as (
    select
        sides.experiment_id,
        sides.side,
        lines.quantity,
        lines.net_amount,
        lines.local_issued_on >= sides.pre_start and lines.local_issued_on < sides.pre_end
            as is_pre,
        lines.local_issued_on >= sides.post_start and lines.local_issued_on < sides.post_end
            as is_post
    from sides
    inner join lines
        on sides.location_id = lines.location_id
),

sold as (
    select
        experiment_id,
        side,
        sum(case when is_pre then quantity end) as pre_quantity,
        sum(case when is_pre then net_amount end) as pre_net_amount,
        sum(case when is_post then quantity end) as post_quantity,
        sum(case when is_post then net_amount end) as post_net_amount
    from timed
    group by experiment_id, side
),

-- What was sold in the promotion and came back after it.
originals as (
    select distinct
        invoice_id,
        local_issued_on
    from lines
),

returned as (
    select
        experiments.experiment_id,
        sum(-lines.quantity) as quantity
    from experiments
    inner join lines
        on
            experiments.treated_location_id = lines.location_id
            and experiments.post_end <= lines.local_issued_on
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
    inner join originals
        on invoices.original_invoice_id = originals.invoice_id
    where
        lines.document_type = 'credit_note'
        and originals.local_issued_on >= experiments.post_start
        and originals.local_issued_on < experiments.post_end
    group by experiments.experiment_id
),

-- A control with a promotion of its own is none.
disturbed as (
    select distinct experiments.experiment_id
    from experiments
    inner join promotions
        on
            experiments.control_location_id = promotions.location_id
            and experiments.promotion_id <> promotions.promotion_id
            and promotions.starts_on < experiments.post_end
            and promotions.ends_on >= experiments.post_start
    where not promotions.is_deleted
),

compared as (
    select
        experiments.experiment_id,
        experiments.promotion_id,
        coalesce(promotions.promotion_type, 'unassigned') as promotion_type,
        experiments.treated_location_id,
        experiments.control_location_id,
        experiments.pre_start,
        experiments.pre_end,
        experiments.post_start,
        experiments.post_end,
        {{ days_between('experiments.pre_start', 'experiments.pre_end') }} as pre_days,
        {{ days_between('experiments.post_start', 'experiments.post_end') }} as post_days,
        {%- for side in ['treated', 'control'] %}
        {%- for period in ['pre', 'post'] %}
        {%- for measure in ['quantity', 'net_amount'] %}
        coalesce({{ side }}.{{ period }}_{{ measure }}, 0) as {{ side }}_{{ period }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        {%- endfor %}
        coalesce(returned.quantity, 0) as later_returned_quantity,
        disturbed.experiment_id is not null as has_disturbed_control
    from experiments
    left join promotions
        on experiments.promotion_id = promotions.promotion_id
    left join sold as treated
        on experiments.experiment_id = treated.experiment_id and treated.side = 'treated'
    left join sold as control
        on experiments.experiment_id = control.experiment_id and control.side = 'control'
    left join returned
        on experiments.experiment_id = returned.experiment_id
    left join disturbed
        on experiments.experiment_id = disturbed.experiment_id
)

select
    compared.*,
    coalesce(
        {{ ratio(
            '2 * abs(treated_pre_quantity - control_pre_quantity)',
            'treated_pre_quantity + control_pre_quantity',
        ) }} <= {{ var('promo_similarity') }},
        false
    ) as is_similar_before
from compared
