-- Win rate and win/loss ratio count the same deals: one over all decided, the other over the lost.
{{ config(meta={'dagster': {'ref': {'name': 'win_loss_ratio'}}}) }}
with win_rate as (
    select * from {{ ref('win_rate') }}
    where variant = 'headline'
),

win_loss_ratio as (
    select * from {{ ref('win_loss_ratio') }}
    where dimension in (select distinct win_rate.dimension from win_rate)
),

win_rate_dimensions as (
    select * from win_rate
    where dimension in (select distinct win_loss_ratio.dimension from win_loss_ratio)
)

select
    period_grain,
    period_start,
    dimension,
    dimension_value,
    win_rate_dimensions.numerator as won,
    win_rate_dimensions.denominator as decided,
    win_loss_ratio.numerator as won_of_ratio,
    win_loss_ratio.denominator as lost_of_ratio
from win_rate_dimensions
full join win_loss_ratio
    using (period_grain, period_start, dimension, dimension_value)
where
    win_rate_dimensions.numerator is distinct from win_loss_ratio.numerator
    or win_rate_dimensions.denominator
    is distinct from win_loss_ratio.numerator + win_loss_ratio.denominator
