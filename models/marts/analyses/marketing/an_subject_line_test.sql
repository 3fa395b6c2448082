-- E-mail subject lines put to the test: each tried subject line of a campaign against the control
-- group of the same campaign, over all the time it ran.
with sends as (
    select * from {{ ref('fct_email_sends') }}
    where is_delivered and campaign_id <> 'unassigned' and subject_variant <> 'unassigned'
),

sent as (
    select
        campaign_id,
        subject_variant,
        min(sent_on) as first_sent_on,
        max(sent_on) as last_sent_on,
        count(*) as delivered,
        count(case when is_opened then 1 end) as opened
    from sends
    group by campaign_id, subject_variant
),

tried as (
    select
        sent.campaign_id,
        sent.subject_variant,
        sent.first_sent_on,
        sent.last_sent_on,
        sent.delivered,
        sent.opened,
        controls.delivered as control_delivered,
        controls.opened as control_opened,
        sent.delivered >= {{ var('min_n') }} as is_enough,
        controls.delivered >= {{ var('min_n') }} as is_control_enough,
        {{ two_proportion_z(
            'sent.opened', 'sent.delivered', 'controls.opened', 'controls.delivered'
        ) }} as z_score
    from sent
    inner join sent as controls
        on sent.campaign_id = controls.campaign_id and controls.subject_variant = 'control'
    where sent.subject_variant <> 'control'
),

tested as (
    select
        tried.*,
        case
            when is_enough and is_control_enough
                then round(2 * ({{ normal_cdf('-abs(z_score)') }}), 6)
        end as p_value
    from tried
)

select
    campaign_id,
    subject_variant,
    first_sent_on,
    last_sent_on,
    delivered,
    opened,
    case when is_enough then {{ ratio('opened', 'delivered') }} end as open_rate,
    control_delivered,
    control_opened,
    case
        when is_control_enough then {{ ratio('control_opened', 'control_delivered') }}
    end as control_open_rate,
    case
        when is_enough and is_control_enough
            then {{ ratio(
                'opened * control_delivered - control_opened * delivered',
                'control_opened * delivered'
            ) }}
    end as open_lift,
    case when is_enough and is_control_enough then round(z_score, 6) end as z_score,
    p_value,
    case
        when p_value is null then null
        when p_value >= {{ var('significance') }} then 'undecided'
        when opened * control_delivered > control_opened * delivered then 'better'
        else 'worse'
    end as verdict
from tested
