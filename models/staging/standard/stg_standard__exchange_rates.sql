{{ stage('exchange_rates') }}
