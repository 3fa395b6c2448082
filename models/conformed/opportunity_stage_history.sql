{{ conform('opportunity_stage_history') }}
