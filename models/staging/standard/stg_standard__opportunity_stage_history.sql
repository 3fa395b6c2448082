{{ stage('opportunity_stage_history') }}
