{{ stage('competitor_prices') }}
