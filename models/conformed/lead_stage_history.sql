{{ conform('lead_stage_history') }}
