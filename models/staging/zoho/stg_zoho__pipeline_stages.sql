{{ config(enabled='zoho' in var('sources')) }}
-- The export has no table of stages; these are those that potentials may be in.
{%- set stages = [
    ('prospect', 'Prospect', 'open'),
    ('qualification', 'Qualification', 'open'),
    ('needs analysis', 'Needs Analysis', 'open'),
    ('initial offer', 'Initial Offer', 'open'),
    ('proposal/price quote', 'Proposal/Price Quote', 'open'),
    ('negotiation/review', 'Negotiation/Review', 'open'),
    ('closed won', 'Closed Won', 'won'),
    ('closed lost', 'Closed Lost', 'lost'),
] %}
{%- for stage_id, stage_name, stage_category in stages %}
select
    'zoho' as pipeline_id,
    '{{ stage_id }}' as stage_id,
    '{{ stage_name }}' as stage_name,
    {{ loop.index }} as stage_order,
    '{{ stage_category }}' as stage_category,
    true as is_required,
    cast(null as timestamp) as updated_at,
    false as is_deleted,
    cast(0 as bigint) as load_id,
    cast({{ loop.index }} as bigint) as row_number
{% if not loop.last %}union all{% endif %}
{%- endfor %}
