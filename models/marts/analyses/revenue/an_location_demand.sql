-- Where demand is highest and lowest, and what is bought there more than elsewhere.
{%- set grains = kpi_grains(['month', 'quarter', 'year']) %}
with cells as (
    select * from {{ ref('sales_volume_by_location') }}
    where period_grain in ('{{ grains | join("', '") }}') -- noqa: LT05
),

lines as (
    select * from {{ ref('fct_invoice_lines') }}
),

locations as (
    select * from {{ ref('dim_locations') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

dated_lines as (
    {{ in_periods('lines', 'local_issued_on', grains) }}
),

places as (
    select
        dimension as row_kind,
        period_grain,
        period_start,
        dimension_value as place,
        numerator as revenue,
        sample_size as lines_sold,
        -- As demand_rank of the KPI, which regions do not have.
        dense_rank() over (
            partition by dimension, period_grain, period_start
            order by numerator desc nulls last
        ) as demand_rank,
        is_complete_period
    from cells
    where variant = 'headline' and dimension in ('location', 'region')
),

product_totals as (
    select * from cells
    where variant = 'headline' and dimension = 'product'
),

company_totals as (
    select * from cells
    where variant = 'headline' and dimension = 'all'
),

mix as (
    {%- for row_kind, column in [
        ('location', 'location_id'), ('region', 'location_region')
    ] %}
    select
        '{{ row_kind }}' as row_kind,
        period_grain,
        period_start,
        {{ column }} as place,
        product_id,
        sum(net_amount) as revenue,
        sum(quantity) as units
    from dated_lines
    group by period_grain, period_start, {{ column }}, product_id
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- A product that is sold elsewhere and not here is in the table, with 0.
offered as (
    select
        places.row_kind,
        places.period_grain,
        places.period_start,
        places.place,
        places.demand_rank,
        max(places.demand_rank) over (
            partition by places.row_kind, places.period_grain, places.period_start
        ) as lowest_rank,
        places.revenue as place_revenue,
        places.lines_sold,
        places.is_complete_period,
        product_totals.dimension_value as product_id,
        product_totals.numerator as product_revenue,
        company_totals.numerator as company_revenue
    from places
    inner join product_totals
        on
            places.period_grain = product_totals.period_grain
            and places.period_start = product_totals.period_start
    inner join company_totals
        on
            places.period_grain = company_totals.period_grain
            and places.period_start = company_totals.period_start
),

shared as (
    select
        offered.*,
        coalesce(mix.revenue, 0) as revenue,
        coalesce(mix.units, 0) as units,
        -- Where more came back than was sold, there is no share.
        case
            when offered.place_revenue > 0 and offered.lines_sold >= {{ var('min_n') }}
                then {{ ratio('coalesce(mix.revenue, 0)', 'offered.place_revenue') }}
        end as mix_share,
        case
            when offered.company_revenue > 0
                then {{ ratio('offered.product_revenue', 'offered.company_revenue') }}
        end as company_share
    from offered
    left join mix
        on
            offered.row_kind = mix.row_kind
            and offered.period_grain = mix.period_grain
            and offered.period_start = mix.period_start
            and offered.place = mix.place
            and offered.product_id = mix.product_id
)

select
    shared.row_kind,
    shared.period_grain,
    shared.period_start,
    case when shared.row_kind = 'location' then shared.place else 'all' end as location_id,
    locations.location_name,
    case
        when shared.row_kind = 'region' then shared.place
        else coalesce(locations.region, 'unassigned')
    end as region,
    shared.product_id,
    products.product_name,
    coalesce(products.product_family, 'unassigned') as product_family,
    shared.demand_rank,
    shared.demand_rank = 1 as is_highest_demand,
    shared.demand_rank = shared.lowest_rank and shared.lowest_rank > 1 as is_lowest_demand,
    shared.place_revenue,
    shared.lines_sold,
    shared.revenue,
    shared.units,
    shared.product_revenue,
    shared.company_revenue,
    shared.mix_share,
    shared.company_share,
    case
        when shared.company_share > 0 then {{ ratio('shared.mix_share', 'shared.company_share') }}
    end as mix_index,
    rank() over (
        partition by
            shared.row_kind, shared.period_grain, shared.period_start, shared.place
        order by shared.revenue desc nulls last
    ) as product_rank,
    shared.is_complete_period
from shared
left join locations
    on shared.row_kind = 'location' and shared.place = locations.location_id
left join products
    on shared.product_id = products.product_id
