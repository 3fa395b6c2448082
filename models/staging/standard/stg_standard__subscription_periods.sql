{{ stage('subscription_periods') }}
