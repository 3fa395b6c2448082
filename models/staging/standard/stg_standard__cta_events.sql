{{ stage('cta_events') }}
