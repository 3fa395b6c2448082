-- Why a ratio moved: the company's change from the period before, split over the members of each
-- dimension into mix (members weigh more or less than before) and rate (their own number changed).
-- With c = n_i ÷ D, w = d_i ÷ D, r = n_i ÷ d_i and V = N ÷ D the parts add up to the change:
--     mix   (w1 − w0) × ((r0 + r1) ÷ 2 − (V0 + V1) ÷ 2)
--     rate  (w0 + w1) ÷ 2 × (r1 − r0)
-- and a member that is new, gone or without a denominator in one of the two has no rate to compare:
--     mix   (c1 − c0) − (w1 − w0) × (V0 + V1) ÷ 2
{%- set grains = kpi_grains(var('scorecard_grains')) %}
-- Numerator less denominator is no ratio; scores are ratios times 100.
{%- set differences = ['collateral_win_rate_lift', 'enps_vs_target', 'promo_lift'] %}
{%- set scores = ['enps', 'nps'] %}
with cells as (
    select
        kpi_id,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        coalesce(numerator, 0) as numerator,
        coalesce(denominator, 0) as denominator,
        numerator is null and denominator <> 0 as is_hidden,
        kpi_value,
        is_matured,
        case
            when kpi_id in ('{{ scores | join("', '") }}') then 100 -- noqa: LT05
            else 1
        end as scale
    from {{ ref('kpi_values') }}
    where
        variant = 'headline'
        and period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
        and is_complete_period
        and kpi_id not in ('{{ differences | join("', '") }}') -- noqa: LT05
),

days as (
    {{ period_days('(select min(cells.period_start) from cells)', grains) | indent(4) }}
),

starts as (
    select distinct
        period_grain,
        period_start
    from days
),

periods as (
    select
        period_grain,
        period_start,
        lag(period_start) over (partition by period_grain order by period_start) as previous_start
    from starts
),

company as (
    select * from cells
    where dimension = 'all' and denominator <> 0 and kpi_value is not null
),

member_sums as (
    select
        kpi_id,
        period_grain,
        period_start,
        dimension,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from cells
    where dimension <> 'all'
    group by kpi_id, period_grain, period_start, dimension
    having count(case when is_hidden then 1 end) = 0
),

-- Members that overlap, are shares of the whole or too small to be shown do not add up to the
-- company; what does not add up cannot be split.
additive as (
    select
        company.*,
        member_sums.dimension as cut_by
    from company
    inner join member_sums
        on
            company.kpi_id = member_sums.kpi_id
            and company.period_grain = member_sums.period_grain
            and company.period_start = member_sums.period_start
            and company.numerator = member_sums.numerator
            and company.denominator = member_sums.denominator
),

-- The company's two numbers, where both periods can be split.
changes as (
    select
        latest.kpi_id,
        latest.period_grain,
        latest.period_start,
        periods.previous_start,
        latest.cut_by as dimension,
        latest.scale,
        latest.denominator,
        previous.denominator as previous_denominator,
        {{ ratio('latest.numerator', 'latest.denominator') }} as company_rate,
        {{ ratio('previous.numerator', 'previous.denominator') }} as previous_company_rate,
        latest.is_matured and previous.is_matured as is_matured
    from additive as latest
    inner join periods
        on
            latest.period_grain = periods.period_grain
            and latest.period_start = periods.period_start
    inner join additive as previous
        on
            latest.kpi_id = previous.kpi_id
            and latest.period_grain = previous.period_grain
            and latest.cut_by = previous.cut_by
            and periods.previous_start = previous.period_start
),

latest_members as (
    select
        changes.kpi_id,
        changes.period_grain,
        changes.period_start,
        changes.dimension,
        cells.dimension_value,
        cells.numerator,
        cells.denominator,
        cells.kpi_value
    from cells
    inner join changes
        on
            cells.kpi_id = changes.kpi_id
            and cells.period_grain = changes.period_grain
            and cells.period_start = changes.period_start
            and cells.dimension = changes.dimension
),

-- With the period that they are compared with.
previous_members as (
    select
        changes.kpi_id,
        changes.period_grain,
        changes.period_start,
        changes.dimension,
        cells.dimension_value,
        cells.numerator as previous_numerator,
        cells.denominator as previous_denominator,
        cells.kpi_value as previous_value
    from cells
    inner join changes
        on
            cells.kpi_id = changes.kpi_id
            and cells.period_grain = changes.period_grain
            and cells.period_start = changes.previous_start
            and cells.dimension = changes.dimension
),

-- Who is new or gone is in one of the two.
members as (
    select
        kpi_id,
        period_grain,
        period_start,
        dimension,
        dimension_value,
        coalesce(latest_members.numerator, 0) as numerator,
        coalesce(latest_members.denominator, 0) as denominator,
        latest_members.kpi_value,
        coalesce(previous_members.previous_numerator, 0) as previous_numerator,
        coalesce(previous_members.previous_denominator, 0) as previous_denominator,
        previous_members.previous_value
    from latest_members
    full join previous_members
        using (kpi_id, period_grain, period_start, dimension, dimension_value)
),

weighed as (
    select
        members.*,
        changes.previous_start,
        changes.scale,
        changes.company_rate,
        changes.previous_company_rate,
        0.5 * (changes.company_rate + changes.previous_company_rate) as middle_rate,
        changes.is_matured,
        members.denominator > 0 and members.previous_denominator > 0 as is_comparable,
        {{ ratio('members.denominator', 'changes.denominator') }} as weight,
        {{ ratio('members.previous_denominator', 'changes.previous_denominator') }}
            as previous_weight,
        {{ ratio('members.numerator', 'changes.denominator') }} as contribution,
        {{ ratio('members.previous_numerator', 'changes.previous_denominator') }}
            as previous_contribution,
        {{ ratio('members.numerator', 'members.denominator') }} as rate,
        {{ ratio('members.previous_numerator', 'members.previous_denominator') }} as previous_rate
    from members
    inner join changes
        on
            members.kpi_id = changes.kpi_id
            and members.period_grain = changes.period_grain
            and members.period_start = changes.period_start
            and members.dimension = changes.dimension
),

effects as (
    select
        weighed.*,
        scale * company_rate as company_value,
        scale * previous_company_rate as previous_company_value,
        scale * (company_rate - previous_company_rate) as company_change,
        -- Too few records to say a number: it is part of the sum and stays unsaid.
        case when kpi_value is not null then scale * rate end as member_value,
        case when previous_value is not null then scale * previous_rate end
            as previous_member_value,
        scale * case
            when is_comparable
                then (weight - previous_weight) * (0.5 * (rate + previous_rate) - middle_rate)
            else contribution - previous_contribution - (weight - previous_weight) * middle_rate
        end as mix_effect,
        scale * case
            when is_comparable then 0.5 * (weight + previous_weight) * (rate - previous_rate)
            else 0
        end as rate_effect
    from weighed
)

select
    kpi_id,
    period_grain,
    period_start,
    previous_start,
    dimension,
    dimension_value,
    company_value,
    previous_company_value,
    company_change,
    member_value,
    previous_member_value,
    weight,
    previous_weight,
    mix_effect,
    rate_effect,
    mix_effect + rate_effect as total_effect,
    {{ ratio('mix_effect + rate_effect', 'company_change') }} as share_of_change,
    row_number() over (
        partition by kpi_id, period_grain, period_start, dimension
        order by abs(mix_effect + rate_effect) desc, dimension_value
    ) as effect_rank,
    is_matured
from effects
