{{ stage('lead_stage_history') }}
