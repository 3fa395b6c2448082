{{ stage('collateral_events') }}
