-- Which lead each lead became after merges.
{{ survivors(ref('leads'), 'lead_id', 'merged_into_lead_id') }}
