-- Subject-line open-rate lift: how much more often the tried subject lines of a campaign were
-- opened than that of its control group, as a share of the control's open rate.
{%- set grains = kpi_grains(month_grains()) %}
with sends as (
    select * from {{ ref('fct_email_sends') }}
    where is_delivered and campaign_id <> 'unassigned' and subject_variant <> 'unassigned'
),

dated as (
    {{ in_periods('sends', 'sent_on', grains) }}
),

sent as (
    select
        period_grain,
        period_start,
        campaign_id,
        subject_variant,
        count(*) as delivered,
        count(case when is_opened then 1 end) as opened
    from dated
    group by period_grain, period_start, campaign_id, subject_variant
),

controls as (
    select * from sent
    where subject_variant = 'control'
),

-- A subject line is tried against the control of its own campaign in the same period.
tried as (
    select
        sent.*,
        controls.delivered as control_delivered,
        controls.opened as control_opened
    from sent
    inner join controls
        on
            sent.period_grain = controls.period_grain
            and sent.period_start = controls.period_start
            and sent.campaign_id = controls.campaign_id
    where sent.subject_variant <> 'control'
),

all_controls as (
    select
        period_grain,
        period_start,
        sum(delivered) as delivered,
        sum(opened) as opened
    from controls
    group by period_grain, period_start
),

compared as (
    select
        tried.period_grain,
        tried.period_start,
        'all' as dimension,
        'all' as dimension_value,
        sum(tried.delivered) as delivered,
        sum(tried.opened) as opened,
        max(all_controls.delivered) as control_delivered,
        max(all_controls.opened) as control_opened
    from tried
    inner join all_controls
        on
            tried.period_grain = all_controls.period_grain
            and tried.period_start = all_controls.period_start
    group by tried.period_grain, tried.period_start
    {%- for dimension in kpi_dimensions(['campaign', 'campaign_variant']) %}
    {%- set member = 'campaign_id' if dimension == 'campaign'
        else "campaign_id || '/' || subject_variant" %}
    union all
    select
        period_grain,
        period_start,
        '{{ dimension }}' as dimension,
        {{ member }} as dimension_value,
        sum(delivered) as delivered,
        sum(opened) as opened,
        max(control_delivered) as control_delivered,
        max(control_opened) as control_opened
    from tried
    group by period_grain, period_start, {{ member }}
    {%- endfor %}
),

rates as (
    select
        compared.*,
        {{ ratio('control_opened', 'control_delivered') }} as control_rate,
        {{ ratio('opened + control_opened', 'delivered + control_delivered') }} as pooled_rate,
        {{ ratio(
            'opened * control_delivered - control_opened * delivered',
            'delivered * control_delivered',
        ) }} as difference
    from compared
),

-- The z-score says whether the difference may be chance: the two-proportion test, pooled.
cells as (
    {%- for variant, denominator in [
        ('headline', 'control_rate'),
        ('z_score', 'sqrt(pooled_rate * (1 - pooled_rate) * ('
            ~ ratio('delivered + control_delivered', 'delivered * control_delivered') ~ '))'),
    ] %}
    select
        '{{ variant }}' as variant,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        difference as numerator,
        {{ denominator }} as denominator,
        delivered + control_delivered as sample_size
    from rates
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

{{ kpi_cells(
    'subject_line_open_lift',
    kind='ratio',
    variants={'headline': {'time_basis': 'cohort'}, 'z_score': {'time_basis': 'cohort'}},
    grains=month_grains(),
) }}
