-- Records of marketing and pricing that contradict themselves or lack what makes them count. They
-- are left out as DECISIONS.md says; whoever keeps the source should know of them.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'competitor_prices'}}}) }}
select
    'a competitor price includes a tax of an unknown rate' as problem,
    competitor_id || '/' || product_id || '/' || cast(observed_on as {{ dbt.type_string() }})
        as record_id
from {{ ref('competitor_prices') }}
where not is_deleted and tax_included and tax_rate is null
union all
select
    'a competitor price is 0' as problem,
    competitor_id || '/' || product_id || '/' || cast(observed_on as {{ dbt.type_string() }})
        as record_id
from {{ ref('competitor_prices') }}
where not is_deleted and price = 0
union all
select
    'a call-to-action was clicked in a month in which it was never shown' as problem,
    cta_id || '/' || cast(cast(date_trunc('month', occurred_on) as date) as {{ dbt.type_string() }})
        as record_id
from {{ ref('int_cta_events') }}
group by
    cta_id || '/' || cast(cast(date_trunc('month', occurred_on) as date) as {{ dbt.type_string() }})
having
    count(case when event_type = 'click' then 1 end) > 0
    and count(case when event_type = 'impression' then 1 end) = 0
union all
select
    'a trial of a promotion compares a location with itself' as problem,
    experiment_id as record_id
from {{ ref('promo_experiments') }}
where not is_deleted and treated_location_id = control_location_id
union all
select
    'a trial of a promotion has a period without a day' as problem,
    experiment_id as record_id
from {{ ref('promo_experiments') }}
where not is_deleted and (pre_end <= pre_start or post_end <= post_start)
