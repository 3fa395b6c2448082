{{ stage('opportunity_competitors') }}
