{{ stage('campaign_spend') }}
